import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ulid } from 'ulid';
import { outputPrefix, specKey } from '../../core/artifact-keys.ts';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { Manifest } from '../../core/manifest.ts';
import type { Slot, SlotState } from '../../core/slot.ts';
import { WorkerResult } from '../../core/worker-result.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { PoolStore } from '../../lambdas/shared/pool-store.ts';
import { type Gateway, startGateway } from '../../local/gateway/gateway.ts';
import { assignSlot, bootingSlot, claimSlot } from './assign-slot.ts';
import { bundleWorker } from './worker-bundle.ts';
import { BUCKETS, Metadata, startServices, TABLES, Tokens } from './worker-surroundings.ts';

const ROLE = 'arn:aws:iam::000000000000:role/worker';

export interface WorkerRun {
  readonly dispatchId: string;
  readonly workspace: string;
  readonly process: ChildProcess;
  /** Resolves with the exit code and everything that the container's log got. */
  readonly ended: Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  /** Resolves when the container's log holds the text. */
  said(text: string): Promise<void>;
  /** The names of the attempt's objects. */
  objects(): Promise<string[]>;
  object(name: string): Promise<Buffer>;
  result(): Promise<WorkerResult>;
  manifest(): Promise<Manifest>;
}

/** A worker that waits for its dispatch at a slot of its own. */
export interface WaitingRun extends WorkerRun {
  /** Of the execution that is to wait for it. */
  readonly taskToken: string;
  slot(): Promise<Slot | undefined>;
  /** Waits until the slot is in this state. */
  is(state: SlotState): Promise<void>;
  claim(): Promise<void>;
  assign(): Promise<void>;
}

export interface RunOptions {
  readonly record?: Partial<DispatchRecord>;
  readonly spec?: Readonly<Record<string, unknown>> | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  /** What the task metadata endpoint knows the container by. */
  readonly container?: string;
}

/** The worker's bundle, and the embedded S3 and DynamoDB that it talks to. */
export interface WorkerInTest {
  readonly folder: string;
  readonly bundle: string;
  readonly dispatches: DispatchStore;
  readonly s3: S3Client;
  readonly metadata: Metadata;
  readonly tokens: Tokens;
  /** Puts these into Secrets Manager, in place of those before. */
  keepSecrets(secrets: Readonly<Record<string, string>>): void;
  run(task: string, options?: RunOptions): Promise<WorkerRun>;
  /** Starts a worker that waits at a slot; the task is the dispatch's that it will be claimed for. */
  wait(task: string, options?: RunOptions): Promise<WaitingRun>;
  close(): Promise<void>;
}

export async function openWorker(): Promise<WorkerInTest> {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-worker-'));
  // Another user must be able to pass through to its workspace.
  chmodSync(folder, 0o755);
  const [bundle, gateway] = await Promise.all([
    bundleWorker(folder),
    startGateway({ secretFile: join(folder, 'secret') }),
  ]);
  const tokens = new Tokens();
  const services = await startServices(folder, gateway, tokens);
  const metadata = new Metadata();
  gateway.openPath('/v4/', ({ path }) => metadata.answer(path));
  const config = { region: 'us-east-1', endpoint: gateway.endpoint, credentials: gateway.credentials(ROLE, 'test') };
  const s3 = new S3Client(config);
  const dynamoDb = new DynamoDBClient(config);
  const documents = documentClient(dynamoDb);
  const pool = new PoolStore(documents, TABLES.pool);
  const dispatches = new DispatchStore(documents, TABLES.dispatches);
  const runs: WorkerRun[] = [];
  const run = async (task: string, options: RunOptions = {}) => {
    const started = await startRun({ folder, bundle, gateway, dispatches, s3 }, task, options);
    runs.push(started);
    return started;
  };
  return {
    folder,
    bundle,
    dispatches,
    s3,
    metadata,
    tokens,
    keepSecrets: (secrets) => writeFileSync(join(folder, 'secrets.json'), JSON.stringify(secrets), { mode: 0o600 }),
    run,
    wait: async (task, options = {}) => {
      const ref = { agentType: 'shell', slotId: ulid() };
      await pool.create(bootingSlot(ref.slotId));
      const asSlot = { SLOT_ID: ref.slotId, POOL_TABLE: TABLES.pool, DISPATCH_ID: '', ATTEMPT: '' };
      const waiting = await run(task, { ...options, environment: { ...asSlot, ...options.environment } });
      const taskToken = tokens.opened(`token of ${ref.slotId}`);
      return {
        ...waiting,
        taskToken,
        slot: () => pool.get(ref),
        is: (state) => until(async () => (await pool.get(ref))?.state === state),
        claim: () => claimSlot(pool, ref, `${waiting.dispatchId}-1`),
        assign: () => assignSlot(documents, TABLES.pool, ref, taskToken),
      };
    },
    close: async () => {
      // Those of tests that failed: a worker that is asked to stop takes its agent with it.
      for (const run of runs) run.process.kill('SIGTERM');
      await Promise.all(runs.map(({ ended }) => ended));
      s3.destroy();
      dynamoDb.destroy();
      await gateway.close();
      await Promise.all(services.map((service) => service.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Surroundings = Pick<WorkerInTest, 'folder' | 'bundle' | 'dispatches' | 's3'> & { readonly gateway: Gateway };

async function startRun(around: Surroundings, task: string, options: RunOptions): Promise<WorkerRun> {
  const { folder, bundle, s3, gateway } = around;
  const dispatchId = ulid();
  await around.dispatches.create({ ...recordOf(dispatchId, task), ...options.record });
  const spec = { version: 1, dispatchId, tenantId: 'acme', agent: 'shell', task, timeoutSeconds: 60, ...options.spec };
  const Body = JSON.stringify(spec);
  await s3.send(new PutObjectCommand({ Bucket: BUCKETS.context, Key: specKey(dispatchId), Body }));
  const { accessKeyId, secretAccessKey } = gateway.credentials(ROLE, dispatchId);
  const workspace = join(folder, 'tasks', dispatchId, 'workspace');
  const temp = join(folder, 'tmp', dispatchId);
  for (const path of [workspace, temp]) mkdirSync(path, { recursive: true });
  const child = spawn(process.execPath, [bundle], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      TMPDIR: temp,
      AWS_ENDPOINT_URL: gateway.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      DISPATCH_ID: dispatchId,
      ATTEMPT: '1',
      AGENT: 'shell',
      DISPATCHES_TABLE: TABLES.dispatches,
      CONTEXT_BUCKET: BUCKETS.context,
      ARTIFACTS_BUCKET: BUCKETS.artifacts,
      SECRETS_FOLDER: '/outpost',
      WORKSPACE_DIR: workspace,
      ECS_CONTAINER_METADATA_URI_V4: `${gateway.endpoint}/v4/${options.container ?? 'quick'}`,
      ...options.environment,
    },
  });
  return { dispatchId, workspace, process: child, ...listen(child), ...outputOf(s3, dispatchId) };
}

function listen(child: ChildProcess): Pick<WorkerRun, 'ended' | 'said'> {
  const text = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    text.stdout += chunk.toString('utf8');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    text.stderr += chunk.toString('utf8');
  });
  const ended = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number | null, ...text }));
  return { ended, said: (wanted) => until(() => text.stdout.includes(wanted)) };
}

function outputOf(s3: S3Client, dispatchId: string) {
  const prefix = outputPrefix({ dispatchId, attempt: 1 });
  const object = async (name: string): Promise<Buffer> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKETS.artifacts, Key: `${prefix}${name}` }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };
  const json = async (name: string) => JSON.parse((await object(name)).toString('utf8'));
  return {
    object,
    objects: async () => {
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKETS.artifacts, Prefix: prefix }));
      return (Contents ?? []).map(({ Key }) => Key?.slice(prefix.length) ?? '');
    },
    result: async () => WorkerResult.parse(await json('result.json')),
    manifest: async () => Manifest.parse(await json('manifest.json')),
  };
}

/** However busy the machine is. */
const WITHIN_MS = 30_000;

/** Waits for a condition; throws where it does not come true. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + WITHIN_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`It did not come true within ${WITHIN_MS} ms: ${condition}`);
    await delay(10);
  }
}

function recordOf(dispatchId: string, task: string): DispatchRecord {
  const now = new Date().toISOString();
  return {
    dispatchId,
    attempt: 1,
    tenantId: 'acme',
    agent: 'shell',
    status: 'PROVISIONING',
    taskPreview: task.slice(0, 100),
    timeoutSeconds: 60,
    createdAt: now,
    updatedAt: now,
    expiresAt: 2_000_000_000,
  };
}
