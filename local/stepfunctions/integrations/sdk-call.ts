import { Agent } from 'node:http';
import type { LocalAws } from '../../aws-service.ts';
import type { ExecutionIdentity } from '../engine/execution-identity.ts';
import type { IntegratedService, Operation, ServiceName } from './catalog.ts';

/** What the SDK answered, and the HTTP response around it. */
export interface SdkAnswer {
  readonly output: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  readonly requestId: string;
}

interface SdkOutput {
  readonly $metadata: { readonly httpStatusCode?: number; readonly requestId?: string };
}
type Deserialize = (args: unknown) => Promise<{ response?: unknown; output: SdkOutput }>;

interface SdkCommand {
  readonly middlewareStack: {
    add(middleware: (next: Deserialize) => Deserialize, options: { step: 'deserialize' }): void;
  };
}
interface SdkClient {
  send(command: SdkCommand): Promise<SdkOutput>;
}
type Constructor<T> = new (input: unknown) => T;

/** One pool of sockets for the clients of all executions; a Task may hold its socket for minutes. */
const agent = new Agent({ keepAlive: true });

/** The SDK's clients of one execution: they act as the state machine's role, in a session of the execution's name. */
export class ExecutionClients {
  readonly #clients = new Map<ServiceName, SdkClient>();

  constructor(
    readonly aws: LocalAws,
    readonly identity: ExecutionIdentity,
  ) {}

  /** @throws what the SDK throws */
  async call({ service, name }: Operation, input: unknown): Promise<SdkAnswer> {
    const command = new (service.module[`${name}Command`] as Constructor<SdkCommand>)(input);
    let headers: Readonly<Record<string, string>> = {};
    const keepHeaders = (next: Deserialize): Deserialize => {
      return async (args) => {
        const result = await next(args);
        headers = (result.response as { headers?: typeof headers } | undefined)?.headers ?? {};
        return result;
      };
    };
    command.middlewareStack.add(keepHeaders, { step: 'deserialize' });
    const { $metadata, ...output } = await this.#client(service).send(command);
    return { output, headers, status: $metadata.httpStatusCode ?? 200, requestId: $metadata.requestId ?? '' };
  }

  #client(service: IntegratedService): SdkClient {
    let client = this.#clients.get(service.name);
    if (!client) {
      client = this.#newClient(service);
      this.#clients.set(service.name, client);
    }
    return client;
  }

  #newClient(service: IntegratedService): SdkClient {
    const Client = service.module[service.client] as Constructor<SdkClient>;
    return new Client({
      region: this.aws.region,
      endpoint: this.aws.endpoint(),
      credentials: this.aws.credentials(this.identity.roleArn, this.identity.name),
      requestHandler: { httpAgent: agent },
      forcePathStyle: true,
    });
  }
}
