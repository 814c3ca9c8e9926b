import type { AwsRequest, AwsResponse } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import type { AsyncInvocations } from './async-invocations.ts';
import type { DeployedFunction, InvocationReport } from './deployed-function.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import type { FunctionPermissions } from './function-permissions.ts';
import type { Functions } from './functions.ts';
import { readInvoke } from './invoke-request.ts';

const ROUTE = /^\/2015-03-31\/functions(?:\/([^/]*))?(?:\/(invocations|configuration))?\/?$/;

/** Lambda's REST API, as far as it is answered here: `Invoke`, and reading what the functions are. */
export class LambdaApi {
  constructor(
    private readonly functions: Functions,
    private readonly permissions: FunctionPermissions,
    private readonly queued: AsyncInvocations,
  ) {}

  /** Throws an `AwsError` where Lambda would answer one. */
  async answer(request: AwsRequest): Promise<AwsResponse> {
    const [, name, action = ''] = ROUTE.exec(request.path) ?? [];
    const verb = `${request.method} ${action}`;
    if (name === undefined && verb === 'GET ' && ROUTE.test(request.path)) {
      return json({ Functions: this.functions.all().map(({ configuration }) => describe(configuration)) });
    }
    if (!name) throw unknownOperation(request);
    const qualifier = new URLSearchParams(request.query).get('Qualifier') ?? undefined;
    const deployed = this.functions.find(decodeURIComponent(name), qualifier);
    const description = describe(deployed.configuration);
    if (verb === 'POST invocations') return this.invoke(request, deployed);
    if (verb === 'GET configuration') return json(description);
    if (verb === 'GET ') return json({ Configuration: description, Code: { RepositoryType: 'S3' } });
    throw unknownOperation(request);
  }

  private async invoke(request: AwsRequest, deployed: DeployedFunction): Promise<AwsResponse> {
    this.permissions.check(deployed.configuration.arn, request);
    const { type, payload, tail, clientContext } = await readInvoke(request);
    if (type === 'DryRun') return { status: 204 };
    const invocation = { requestId: request.requestId, payload, ...(clientContext !== undefined && { clientContext }) };
    if (type === 'RequestResponse') return renderReport(await deployed.invoke(invocation), tail);
    this.queued.accept(deployed.configuration.name, invocation);
    return { status: 202 };
  }
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
    ...(configuration.deadLetterArn !== undefined && {
      DeadLetterConfig: { TargetArn: configuration.deadLetterArn },
    }),
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
