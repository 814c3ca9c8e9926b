import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { EventKind } from './events/event-kind.ts';

/** The role behind an access key: what AWS calls the principal of a request. */
export interface Caller {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** ARN of the IAM role that the caller acts as. */
  readonly roleArn: string;
  readonly sessionName: string;
}

/** One request to an AWS service, already routed and authenticated by the gateway. */
export interface AwsRequest {
  /** The signing name: `dynamodb`, `s3`, `states`, `ecs`, `events`, `logs`, `lambda`, `sqs`. */
  readonly service: string;
  readonly method: string;
  /** The path as it was sent, still percent-encoded, without the query. */
  readonly path: string;
  /** The query as it was sent, without its `?`. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly caller: Caller;
  readonly requestId: string;
  /** The body as it arrives. Take this or `readBody`, not both. */
  readonly stream: Readable;
  /** The whole body; rejects with an `AwsError` over 16 MiB or when the client leaves half-way. */
  readBody(): Promise<Buffer>;
}

export interface AwsResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable;
}

/** A resource of the template whose intrinsic functions are resolved. */
export interface TemplateResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What `Ref` and `Fn::GetAtt` of a created resource yield. */
export interface ResourceValues {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Creates or finds a resource again. What it throws is reported with the resource's logical id and type. */
export type CreateResource = (resource: TemplateResource) => ResourceValues | Promise<ResourceValues>;

/** One service of the embedded AWS. Services know each other through HTTP and the event bus alone. */
export interface AwsService {
  readonly signingName: string;
  /** The CloudFormation types that this service creates. */
  readonly resources: Readonly<Record<string, CreateResource>>;
  handle(request: AwsRequest): Promise<AwsResponse>;
  /** The events that it may publish for the resources of the template, once all of these are there. */
  publishes?(): readonly EventKind[];
  /** Called once, when every resource of the template is there: throws what is wrong with them together. */
  verify?(): Promise<void>;
  /** Called once, after all services have verified. */
  ready?(): Promise<void>;
  /** Stops everything that the service runs; resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** An event as EventBridge delivers it; `id`, `time`, `account` and `region` are filled in where they are missing. */
export interface AwsEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: unknown;
  readonly resources?: readonly string[];
  readonly time?: string;
  readonly id?: string;
}

/** What the embedded AWS gives each of its services. */
export interface LocalAws {
  readonly region: string;
  readonly accountId: string;
  /** A folder of the service's own, which is there and outlives a restart. */
  folder(service: string): string;
  /** Base URL of the gateway, `http://127.0.0.1:<port>`, for `AWS_ENDPOINT_URL`. */
  endpoint(): string;
  /** Access keys by which the gateway knows a caller as this role. Same role and session: same keys. */
  credentials(roleArn: string, sessionName: string): { accessKeyId: string; secretAccessKey: string };
  /** Puts an `aws.*` event on the default event bus. */
  publish(event: AwsEvent): void;
  /** Hears every event of the default bus, in order. Returns how to stop listening. */
  onEvent(listener: (event: AwsEvent) => void): () => void;
  /** One line for the operator's log. */
  log(line: string): void;
}
