import { join } from 'node:path';
import type { AwsService, LocalAws, TemplateResource } from '../aws-service.ts';
import { DurableQueue } from '../durable-queue.ts';
import type { FunctionFaults } from '../faults/hooks.ts';
import { asAwsError } from '../gateway/aws-error.ts';
import { jsonError } from '../gateway/json-service.ts';
import { AsyncInvocations, type QueuedInvocation } from './async-invocations.ts';
import { DeployedFunction } from './deployed-function.ts';
import { EventInvokeConfigs } from './event-invoke-configs.ts';
import { FailedEvents } from './failed-events.ts';
import { readFunction } from './function-configuration.ts';
import { FunctionPermissions } from './function-permissions.ts';
import { Functions } from './functions.ts';
import { LambdaApi } from './lambda-api.ts';

export interface LambdaOptions {
  /** The folder of a bundle by its place in the asset bucket; throws for one that it doesn't know. */
  readonly resolveCode: (s3Bucket: string, s3Key: string) => string;
  /** Whether a role may be assumed by a service; a function whose role does not trust Lambda is refused. */
  readonly trusts?: (roleArn: string, servicePrincipal: string) => boolean;
  /** What a thread begins with, as `bundleRuntime` makes it. */
  readonly runtimePath: string;
  /** Waits before the retries of a queued event. @default one minute, then two */
  readonly retryAfterMs?: readonly number[] | undefined;
  readonly faults?: FunctionFaults | undefined;
}

/** Lambda: the deployed bundles, run in threads of this process. Throws where the threads' bundle is not built. */
export async function createLambda(aws: LocalAws, options: LambdaOptions): Promise<AwsService> {
  const functions = new Functions(aws.region, aws.accountId);
  const permissions = new FunctionPermissions(aws.accountId, functions.arnOf);
  const configs = new EventInvokeConfigs();
  const failedEvents = new FailedEvents(aws, configs, (name) => functions.known(name)?.configuration);
  const queued = new AsyncInvocations({
    configs,
    failedEvents,
    queue: new DurableQueue<QueuedInvocation>(join(aws.folder('lambda'), 'queue')),
    run: async (item) => (await functions.find(item.functionName).invoke(item, 'async')).result,
    log: aws.log,
    ...(options.retryAfterMs && { retryAfterMs: options.retryAfterMs }),
  });
  const api = new LambdaApi(functions, permissions, queued);
  return {
    signingName: 'lambda',
    resources: {
      'AWS::Lambda::Function': functionCreator(aws, functions, options),
      'AWS::Lambda::Permission': (resource) => {
        const permission = permissions.read(resource);
        functions.find(permission.functionArn);
        return permissions.add(permission);
      },
      'AWS::Lambda::EventInvokeConfig': (resource) =>
        configs.create(resource, (identifier) => functions.find(identifier).configuration.name),
    },
    handle: (request) =>
      api.answer(request).catch((error: unknown) => {
        const failure = asAwsError(error);
        if (failure.status >= 500) aws.log(`lambda: ${String(failure.cause ?? failure)}`);
        return jsonError(failure, 'application/json');
      }),
    verify: () => failedEvents.verify(functions.all().map(({ configuration }) => configuration)),
    ready: async () => {
      await warmUp(functions);
      queued.resume();
    },
    close: async () => {
      queued.close();
      await Promise.all(functions.all().map((deployed) => deployed.close()));
      failedEvents.close();
    },
  };
}

/** AWS would find out at the first event: here a variable that is missing, or a broken bundle, ends the boot. */
async function warmUp(functions: Functions): Promise<void> {
  const faults = await Promise.all(functions.all().map((deployed) => deployed.warmUp()));
  const said = faults.filter((fault) => fault !== undefined);
  if (said.length > 0) throw new Error(`Not every function can start: ${said.join('; ')}`);
}

function functionCreator(aws: LocalAws, functions: Functions, options: LambdaOptions) {
  const { runtimePath, resolveCode, trusts } = options;
  return (resource: TemplateResource) => {
    const configuration = readFunction(resource, functions.arnOf, resolveCode);
    const { name, arn, role } = configuration;
    if (trusts?.(role, 'lambda.amazonaws.com') === false) {
      throw new Error(`Role: ${role} cannot be assumed by lambda.amazonaws.com`);
    }
    functions.add(new DeployedFunction(aws, configuration, runtimePath, options.faults));
    return { ref: name, attributes: { Arn: arn } };
  };
}
