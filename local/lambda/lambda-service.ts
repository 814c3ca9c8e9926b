import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AwsRequest, AwsResponse, AwsService, LocalAws } from '../aws-service.ts';
import { DurableQueue } from '../durable-queue.ts';
import { AwsError, asAwsError } from '../gateway/aws-error.ts';
import { jsonError } from '../gateway/json-service.ts';
import { AsyncInvocations, type QueuedInvocation } from './async-invocations.ts';
import { DeployedFunction, type InvocationReport } from './deployed-function.ts';
import { type FunctionConfiguration, readFunction } from './function-configuration.ts';
import { FunctionPermissions } from './function-permissions.ts';
import { readInvoke } from './invoke-request.ts';

const DEFAULT_RUNTIME = fileURLToPath(new URL('../../dist/local/lambda-runtime.mjs', import.meta.url));
const ROUTE = /^\/2015-03-31\/functions(?:\/([^/]*))?(?:\/(invocations|configuration))?\/?$/;

export interface LambdaOptions {
  /** The folder of a bundle by its place in the asset bucket; throws for one that it doesn't know. */
  readonly resolveCode: (s3Bucket: string, s3Key: string) => string;
  /** Whether a role may be assumed by a service; a function whose role does not trust Lambda is refused. */
  readonly trusts?: (roleArn: string, servicePrincipal: string) => boolean;
  /** `runtime-thread.ts`, bundled. @default dist/local/lambda-runtime.mjs */
  readonly runtimePath?: string;
  /** Waits before the retries of a queued event. @default one minute, then two */
  readonly retryAfterMs?: readonly number[];
}

/** Lambda: the deployed bundles, run in threads of this process. */
export async function createLambda(aws: LocalAws, options: LambdaOptions): Promise<AwsService> {
  const functions = new Map<string, DeployedFunction>();
  const arnOf = (name: string) => `arn:aws:lambda:${aws.region}:${aws.accountId}:function:${functionName(name)}`;
  const permissions = new FunctionPermissions(aws.accountId, arnOf);
  const queued = new AsyncInvocations({
    queue: new DurableQueue<QueuedInvocation>(join(aws.folder('lambda'), 'queue')),
    run: async (item) => (await find(functions, item.functionName, arnOf).invoke(item)).result,
    log: aws.log,
    ...(options.retryAfterMs && { retryAfterMs: options.retryAfterMs }),
  });

  async function invoke(request: AwsRequest, target: DeployedFunction): Promise<AwsResponse> {
    permissions.check(target.configuration.arn, request);
    const { type, payload, tail, clientContext } = await readInvoke(request);
    if (type === 'DryRun') return { status: 204 };
    const invocation = { requestId: request.requestId, payload, ...(clientContext !== undefined && { clientContext }) };
    if (type === 'RequestResponse') return renderReport(await target.invoke(invocation), tail);
    queued.accept(target.configuration.name, invocation);
    return { status: 202 };
  }

  async function route(request: AwsRequest): Promise<AwsResponse> {
    const [, name, action] = ROUTE.exec(request.path) ?? [];
    const verb = `${request.method} ${action ?? ''}`;
    if (name === undefined && verb === 'GET ') {
      const all = [...functions.values()].map(({ configuration }) => describe(configuration));
      return json({ Functions: all });
    }
    if (!name) throw unknownOperation(request);
    const target = find(functions, decodeURIComponent(name), arnOf, request.query);
    if (verb === 'POST invocations') return invoke(request, target);
    if (verb === 'GET configuration') return json(describe(target.configuration));
    if (verb === 'GET ') return json({ Configuration: describe(target.configuration), Code: { RepositoryType: 'S3' } });
    throw unknownOperation(request);
  }

  return {
    signingName: 'lambda',
    resources: {
      'AWS::Lambda::Function': (resource) => {
        const configuration = readFunction(resource, arnOf, options.resolveCode);
        if (options.trusts?.(configuration.role, 'lambda.amazonaws.com') === false) {
          throw new Error(`Role: ${configuration.role} cannot be assumed by lambda.amazonaws.com`);
        }
        if (functions.has(configuration.name)) throw new Error(`FunctionName: ${configuration.name} is there twice`);
        const { name, arn } = configuration;
        functions.set(name, new DeployedFunction(aws, configuration, options.runtimePath ?? DEFAULT_RUNTIME));
        return { ref: name, attributes: { Arn: arn } };
      },
      'AWS::Lambda::Permission': permissions.create,
      'AWS::Lambda::EventInvokeConfig': (resource) => queued.createConfig(resource, functionName),
    },
    handle: (request) =>
      route(request).catch((error: unknown) => {
        const failure = asAwsError(error);
        if (failure.status >= 500) aws.log(`lambda: ${String(failure.cause ?? failure)}`);
        return jsonError(failure, 'application/json');
      }),
    ready: async () => queued.resume(),
    close: async () => {
      queued.close();
      await Promise.all([...functions.values()].map((deployed) => deployed.close()));
    },
  };
}

/** The name in a name, a partial ARN or an ARN, with or without a qualifier. */
function functionName(identifier: string): string {
  return identifier.replace(/^.*:?function:/, '').replace(/:.*$/, '');
}

function find(
  functions: ReadonlyMap<string, DeployedFunction>,
  identifier: string,
  arnOf: (name: string) => string,
  query = '',
): DeployedFunction {
  const qualifier = new URLSearchParams(query).get('Qualifier') ?? /function:[^:]+:(.+)$/.exec(identifier)?.[1];
  const found = functions.get(functionName(identifier));
  if (found && (qualifier === undefined || qualifier === '$LATEST')) return found;
  const arn = `${arnOf(identifier)}${qualifier === undefined ? '' : `:${qualifier}`}`;
  throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, {
    status: 404,
    fields: { Type: 'User' },
  });
}

function renderReport({ result, tail }: InvocationReport, wantsTail: boolean): AwsResponse {
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'x-amz-executed-version': '$LATEST',
      ...('fault' in result && { 'x-amz-function-error': 'Unhandled' }),
      ...(wantsTail && { 'x-amz-log-result': Buffer.from(tail, 'utf8').toString('base64') }),
    },
    body: 'fault' in result ? JSON.stringify(result.fault) : result.body,
  };
}

function describe(configuration: FunctionConfiguration) {
  return {
    FunctionName: configuration.name,
    FunctionArn: configuration.arn,
    Runtime: configuration.runtime,
    Role: configuration.role,
    Handler: configuration.handler,
    Timeout: configuration.timeoutSeconds,
    MemorySize: configuration.memorySize,
    Environment: { Variables: configuration.variables },
    LoggingConfig: { LogGroup: configuration.logGroup, LogFormat: configuration.logFormat },
    Version: '$LATEST',
    PackageType: 'Zip',
    State: 'Active',
    LastUpdateStatus: 'Successful',
  };
}

function json(body: object): AwsResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function unknownOperation(request: AwsRequest): AwsError {
  const what = `${request.method} ${request.path}`;
  return new AwsError('UnknownOperationException', `The embedded Lambda does not answer ${what}.`, { status: 404 });
}
