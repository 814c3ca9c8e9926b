import type { AwsRequest } from '../aws-service.ts';
import { servicePrincipalOf } from '../service-principal.ts';
import type { CallPoint } from './fault-points.ts';
import type { CallerKind } from './fault-settings.ts';
import { idsIn } from './ids.ts';
import { updateIn } from './update-in-words.ts';

/** A request to a service, as faults are chosen for it and as the journal tells of it. */
export interface DescribedCall extends CallPoint {
  /** The caller's session: an execution's, an ECS task's or a function's name. */
  readonly session: string;
  /** The invocation that it is a part of. */
  readonly traceId: string | undefined;
  /** The same for each try of one call of the SDK. */
  readonly sdkCall: string | undefined;
  readonly ids: readonly string[];
  /** What it is about: a table, function, object, or what an update writes. */
  readonly about: Readonly<Record<string, string>>;
}

/** @param isExecution whether a session is an execution's */
export async function describeCall(
  request: AwsRequest,
  operatorRole: string,
  isExecution: (session: string) => boolean,
): Promise<DescribedCall> {
  const { service, headers, caller } = request;
  // The body of an S3 request flows, and is its reader's alone.
  const body = service === 's3' ? '' : (await request.readBody()).toString('utf8');
  const path = `${decodeURIComponent(request.path)}?${request.query}`;
  const role = caller.roleArn.slice(caller.roleArn.lastIndexOf('/') + 1);
  const text = `${path}\n${body}`;
  return {
    service,
    operation: operationOf(request),
    caller: kindOf(request, operatorRole, isExecution),
    who: `${role}/${caller.sessionName}`,
    text,
    session: caller.sessionName,
    traceId: headerOf(headers['x-amzn-trace-id']),
    sdkCall: headerOf(headers['amz-sdk-invocation-id']),
    ids: [...new Set([...idsIn(text), ...idsIn(caller.sessionName)])],
    about: aboutOf(service, path, body),
  };
}

const SERVICE_CALLERS: Readonly<Record<string, CallerKind>> = {
  'apigateway.amazonaws.com': 'api',
  'events.amazonaws.com': 'events',
};

/** The SDK says where it runs; what runs in this process itself says nothing. */
function kindOf(
  { caller, headers }: AwsRequest,
  operatorRole: string,
  isExecution: (session: string) => boolean,
): CallerKind {
  const principal = servicePrincipalOf(caller.roleArn);
  if (principal !== undefined) return SERVICE_CALLERS[principal] ?? 'platform';
  if (caller.roleArn === operatorRole) return 'operator';
  const agent = `${headerOf(headers['user-agent'])} ${headerOf(headers['x-amz-user-agent'])}`;
  if (agent.includes('exec-env/AWS_Lambda')) return 'function';
  if (agent.includes('exec-env/AWS_ECS')) return 'worker';
  return isExecution(caller.sessionName) ? 'state-machine' : 'platform';
}

function operationOf({ service, method, path, query, headers }: AwsRequest): string {
  const target = headerOf(headers['x-amz-target']);
  if (target !== undefined) return target.slice(target.lastIndexOf('.') + 1);
  if (service === 'lambda') return path.endsWith('/invocations') ? 'Invoke' : `${method} ${path}`;
  return service === 's3' ? s3Operation(method, path, new URLSearchParams(query)) : `${method} ${path}`;
}

function s3Operation(method: string, path: string, query: URLSearchParams): string {
  const named = query.get('x-id');
  if (named) return named;
  const onBucket = !path.slice(1).replace(/\/$/, '').includes('/');
  if (query.has('uploads')) return method === 'POST' ? 'CreateMultipartUpload' : 'ListMultipartUploads';
  if (query.has('uploadId')) {
    return (
      { PUT: 'UploadPart', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload' }[method] ?? 'ListParts'
    );
  }
  if (onBucket) return { GET: 'ListObjectsV2', HEAD: 'HeadBucket', POST: 'DeleteObjects' }[method] ?? `${method}Bucket`;
  return (
    { GET: 'GetObject', HEAD: 'HeadObject', PUT: 'PutObject', DELETE: 'DeleteObject' }[method] ?? `${method}Object`
  );
}

function aboutOf(service: string, path: string, body: string): Record<string, string> {
  if (service === 's3') return { object: path.slice(1, path.indexOf('?')) };
  if (service === 'lambda') return { function: path.split('/').at(-2) ?? '' };
  const input = parsed(body);
  const texts = ['TableName', 'name', 'executionArn', 'task', 'QueueUrl'].flatMap((name) => {
    const value = input[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  const [entry] = Array.isArray(input['Entries']) ? (input['Entries'] as unknown[]) : [];
  const detailType = (entry as { DetailType?: unknown } | undefined)?.DetailType;
  return {
    ...Object.fromEntries(texts),
    ...(typeof detailType === 'string' && { detailType }),
    ...(service === 'dynamodb' && updateIn(input)),
  };
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function headerOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
