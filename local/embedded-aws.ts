import { join } from 'node:path';
import type { AwsService, Caller, CreateResource, LocalAws } from './aws-service.ts';
import type { DataFolder } from './data-folder.ts';
import { createDynamoDb } from './dynamodb/dynamodb-service.ts';
import { createEcs } from './ecs/ecs-service.ts';
import { createEfs } from './efs/efs-service.ts';
import { DefaultBus } from './events/default-bus.ts';
import { createEventBridge } from './events/events-service.ts';
import { type FaultInjection, startFaultInjection } from './faults/fault-injection.ts';
import type { FaultSettings } from './faults/fault-settings.ts';
import { type Gateway, startGateway } from './gateway/gateway.ts';
import { createHttpApi } from './http-api/http-api-service.ts';
import { createIam, type Iam } from './iam/iam.ts';
import { bundleRuntime } from './lambda/bundle-runtime.ts';
import { createLambda } from './lambda/lambda-service.ts';
import { createLogs } from './logs/logs-service.ts';
import { createS3 } from './s3/s3-service.ts';
import { createSecretsManager } from './secretsmanager/secretsmanager-service.ts';
import { createSqs } from './sqs/sqs-service.ts';
import { createStepFunctions } from './stepfunctions/stepfunctions-service.ts';
import type { AssetCatalogue, ImageAsset } from './template/asset-catalogue.ts';
import { type AssembledStack, readCloudAssembly } from './template/cloud-assembly.ts';
import { type DeployedStack, deployTemplate } from './template/deploy-template.ts';
import { WITHOUT_LOCAL_MEANING } from './template/without-local-meaning.ts';
import { type LocalImage, workerImage } from './worker-image.ts';

// The SDK's notice about future versions is the project's to act on, not that of who runs it on Node 20.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

export const REGION = 'us-east-1';
export const ACCOUNT_ID = '000000000000';
/** A worker gives its agent five seconds to end, and then needs some for the upload; closing may take ten. */
const CLOSE_GRACE_MS = 7_500;
/** May do everything: the person at this machine. */
const OPERATOR_ROLE = `arn:aws:iam::${ACCOUNT_ID}:role/operator`;

export interface EmbeddedAwsOptions {
  /** Folder of a synthesized cloud assembly. */
  readonly assembly: string;
  readonly data: DataFolder;
  /** Port of the HTTP API on 127.0.0.1; 0 is any free one. */
  readonly apiPort: number;
  /** Faults to happen from the end of the boot on. @default none */
  readonly faults?: FaultSettings | undefined;
  /** What stands for a container image. @default the worker's bundle, run by this machine's Node */
  readonly imageOf?: ((asset: ImageAsset) => LocalImage) | undefined;
  readonly log: (line: string) => void;
}

/** An AWS on this machine that holds what the template says, and nothing else. */
export interface EmbeddedAws {
  /** For `AWS_ENDPOINT_URL`. */
  readonly endpoint: string;
  /** The HTTP API's base URL. */
  readonly apiUrl: string;
  readonly stack: DeployedStack;
  /** Configuration of an SDK client that may do everything. */
  readonly operator: ClientConfig;
  /** An output of the stack; throws where it has none of that name. */
  output(name: string): string;
  /** Stops every service, and every process of theirs. */
  close(): Promise<void>;
}

export interface ClientConfig {
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * Boots from the synthesized template: every resource is handed to its service, and what the template does not hold
 * does not exist.
 * @throws TemplateError naming the resource that cannot be made here
 */
export async function bootEmbeddedAws(options: EmbeddedAwsOptions): Promise<EmbeddedAws> {
  const { data, log } = options;
  const faults = await faultsOf(options);
  const gateway = await startGateway({ secretFile: join(data.folder('gateway'), 'secret'), region: REGION, log });
  const bus = new DefaultBus({ region: REGION, accountId: ACCOUNT_ID, log });
  const aws = localAws(options, gateway, bus);
  if (faults) gateway.intercept(faults.intercept);
  if (faults) bus.onEvent(faults.heard);
  const started: AwsService[] = [];
  try {
    const stack = onlyStack(options.assembly);
    const iam = createIam(aws);
    await startServices(aws, { ...options, gateway, iam, assets: stack.assets, injected: faults }, started);
    for (const service of started) gateway.register(service);
    gateway.authorize((request) => iam.authorize(request));
    const deployed = await deployTemplate(stack.template, {
      creators: creatorsOf(started, iam),
      withoutLocalMeaning: WITHOUT_LOCAL_MEANING,
      deployment: { region: REGION, accountId: ACCOUNT_ID, stackName: stack.stackName },
      parameters: stack.parameters,
    });
    for (const service of started) await service.verify?.();
    faults?.arm();
    for (const service of started) await service.ready?.();
    return embeddedAws(deployed, gateway, () => closeAll(started, gateway).finally(faults?.close));
  } catch (error) {
    await closeAll(started, gateway).finally(faults?.close);
    throw error;
  }
}

interface Parts extends EmbeddedAwsOptions {
  readonly gateway: Gateway;
  readonly iam: Iam;
  readonly assets: AssetCatalogue;
  readonly injected: FaultInjection | undefined;
}

/** In the order in which they get ready; they are closed the other way round. */
async function startServices(aws: LocalAws, parts: Parts, started: AwsService[]): Promise<void> {
  const { gateway, iam, assets, injected, imageOf = workerImage } = parts;
  const { trusts } = iam;
  started.push(iam.hideMissingObjects(await createS3(aws)));
  started.push(await createDynamoDb(aws));
  started.push(await createLogs(aws));
  started.push(await createSqs(aws));
  started.push(await createSecretsManager(aws, { file: join(parts.data.path, 'secrets.json') }));
  const runtimePath = await bundleRuntime(aws.folder('lambda'));
  started.push(
    await createLambda(aws, {
      resolveCode: (bucket, key) => assets.file(bucket, key),
      trusts,
      runtimePath,
      retryAfterMs: injected?.asyncRetryAfterMs,
      faults: injected?.functions,
    }),
  );
  const eventKinds = () => started.flatMap((service) => service.publishes?.() ?? []);
  started.push(await createEventBridge(aws, { eventKinds, faults: injected?.deliveries }));
  const resolveImage = (uri: string) => imageOf(assets.image(uri));
  const efs = await createEfs(aws, iam);
  started.push(efs);
  const { mount } = efs;
  const ecs = {
    resolveImage,
    mount,
    openPath: gateway.openPath,
    trusts,
    closeGrace: CLOSE_GRACE_MS,
    faults: injected?.tasks,
  };
  started.push(await createEcs(aws, ecs));
  started.push(await createStepFunctions(aws, { trusts, faults: injected?.executions }));
  started.push(await createHttpApi(aws, { port: parts.apiPort, host: '127.0.0.1' }));
}

async function faultsOf({ faults, data }: EmbeddedAwsOptions): Promise<FaultInjection | undefined> {
  return faults && startFaultInjection(faults, { folder: data.folder('faults'), operatorRole: OPERATOR_ROLE });
}

function localAws({ data, log }: EmbeddedAwsOptions, gateway: Gateway, bus: DefaultBus): LocalAws {
  return {
    region: REGION,
    accountId: ACCOUNT_ID,
    folder: (service) => data.folder(service),
    endpoint: () => gateway.endpoint,
    credentials: (roleArn, sessionName) => keysOf(gateway.credentials(roleArn, sessionName)),
    publish: (event) => bus.publish(event),
    onEvent: (listener) => bus.onEvent(listener),
    log,
  };
}

function embeddedAws(stack: DeployedStack, gateway: Gateway, close: () => Promise<void>): EmbeddedAws {
  const output = (name: string) => {
    const value = stack.outputs[name];
    if (typeof value === 'string') return value;
    throw new Error(`The stack ${stack.stackName} has no output ${name}.`);
  };
  return {
    endpoint: gateway.endpoint,
    apiUrl: output('ApiUrl').replace(/\/$/, ''),
    stack,
    operator: {
      region: REGION,
      endpoint: gateway.endpoint,
      credentials: keysOf(gateway.credentials(OPERATOR_ROLE, 'operator')),
    },
    output,
    close,
  };
}

function onlyStack(assembly: string): AssembledStack {
  const [stack, ...others] = readCloudAssembly(assembly, { region: REGION, accountId: ACCOUNT_ID });
  if (stack && others.length === 0) return stack;
  throw new Error(`${assembly} holds ${others.length + (stack ? 1 : 0)} stacks; the embedded AWS boots from one.`);
}

function creatorsOf(services: readonly AwsService[], iam: Iam): Record<string, CreateResource> {
  return Object.assign({}, iam.resources, ...services.map(({ resources }) => resources));
}

function keysOf({ accessKeyId, secretAccessKey }: Caller): { accessKeyId: string; secretAccessKey: string } {
  return { accessKeyId, secretAccessKey };
}

async function closeAll(started: readonly AwsService[], gateway: Gateway): Promise<void> {
  const failures: unknown[] = [];
  for (const service of [...started].reverse()) {
    await service.close().catch((error: unknown) => failures.push(error));
  }
  await gateway.close();
  if (failures.length > 0) throw new AggregateError(failures, 'Not every service could be closed.');
}
