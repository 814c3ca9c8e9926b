import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { ARTIFACTS, type Artifact } from '../../core/artifact-keys.ts';
import type { DispatchSpec } from '../../core/dispatch-spec.ts';
import { GITHUB_URL } from '../../core/repository.ts';
import { MANAGER_KEY, type Slot, type SlotRef } from '../../core/slot.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { PoolStore } from '../../lambdas/shared/pool-store.ts';
import type { TaskCallback } from '../../lambdas/shared/task-callback.ts';
import { agentUser } from '../../worker/agent/agent-user.ts';
import { shell } from '../../worker/agents/shell.ts';
import { serveSlot } from '../../worker/warm/serve-slot.ts';
import { type SlotParts, type SlotTimes, slotWork } from '../../worker/warm/slot-work.ts';
import type { WorkerKit } from '../../worker/worker-kit.ts';
import { WorkerLog } from '../../worker/worker-log.ts';
import { SHA256, TASK_ARN } from '../lambdas/records.ts';
import { openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { assignSlot, bootingSlot, claimSlot } from './assign-slot.ts';
import { NO_CHECKPOINTS, NO_PROGRAMS, secretsInTest } from './secrets-in-test.ts';
import { until } from './worker-in-test.ts';
import { TABLES, tableOf } from './worker-surroundings.ts';

export const TOKEN = 'the-token';

/** Short enough for tests, and what is not to happen in most of them far away. */
const TIMES: SlotTimes = {
  pollMs: 20,
  seenEveryMs: 50,
  unassignedMs: 60_000,
  lifeMs: 60_000,
  managerGoneMs: 60_000,
  heartbeatEveryMs: 10,
  retryMs: 5,
  recordMs: 500,
  recordLookMs: 10,
  probeMs: 20_000,
};

/** The execution that waits for the worker: takes every heartbeat and report, unless told otherwise. */
export class WaitingExecution implements TaskCallback {
  heartbeats = 0;
  readonly reports: unknown[] = [];
  /** Refuses whatever comes from now on. */
  gone = false;

  async heartbeat(token: string): Promise<boolean> {
    this.heartbeats += 1;
    return token === TOKEN && !this.gone;
  }

  async succeed(token: string, output: unknown): Promise<boolean> {
    if (token !== TOKEN || this.gone) return false;
    this.reports.push(output);
    return true;
  }
}

export interface SlotOptions {
  readonly task?: string;
  readonly spec?: Partial<DispatchSpec>;
  readonly slot?: Partial<Slot>;
  readonly times?: Partial<SlotTimes>;
  readonly kit?: Partial<WorkerKit>;
  readonly parts?: Partial<SlotParts>;
  /** Replaces some of what the pool does. */
  pool?(real: PoolStore): Partial<SlotParts['pool']>;
  /** Whether the slot's item is there when the worker starts. @default true */
  readonly exists?: boolean;
}

/** A worker in this process that waits at a slot, the pool's table being the embedded one. */
export interface SlotInTest extends SlotRef {
  /** The dispatch that it is claimed for: its first attempt. */
  readonly dispatchId: string;
  readonly work: ReturnType<typeof slotWork>;
  readonly ended: Promise<number>;
  readonly execution: WaitingExecution;
  readonly uploaded: Map<Artifact, unknown>;
  readonly workspace: string;
  /** What the worker wrote to the container's log. */
  readonly said: string[];
  /** Everything of consequence, in order. */
  readonly order: string[];
  /** Looks at its slot that were answered. */
  looks(): number;
  stop(): void;
  slot(): Promise<Slot | undefined>;
  /** Waits until the slot is in this state. */
  is(state: Slot['state']): Promise<void>;
  claim(): Promise<void>;
  assign(taskToken?: string): Promise<void>;
  /** Waits until it is WARM, then claims and assigns it. */
  assigned(): Promise<void>;
}

export interface SlotsInTest {
  readonly pool: PoolStore;
  readonly folder: string;
  serve(options?: SlotOptions): Promise<SlotInTest>;
  /** A manager says that it ran. */
  manage(seenAt: string): Promise<void>;
  close(): Promise<void>;
}

export async function openSlots(): Promise<SlotsInTest> {
  const dynamoDb = await openDynamoDb();
  const table = await dynamoDb.table(tableOf(TABLES.pool, 'agentType', 'slotId'));
  const documents = documentClient(dynamoDb.client);
  const pool = new PoolStore(documents, table);
  const assign = (ref: SlotRef, taskToken: string) => assignSlot(documents, table, ref, taskToken);
  const slots: SlotInTest[] = [];
  const serve = async (options: SlotOptions = {}) => {
    const slot = await startSlot(dynamoDb.folder, pool, assign, options);
    slots.push(slot);
    return slot;
  };
  return {
    pool,
    folder: dynamoDb.folder,
    serve,
    manage: async (seenAt) => {
      await documents.send(new PutCommand({ TableName: table, Item: { ...MANAGER_KEY, seenAt } }));
    },
    close: async () => {
      for (const slot of slots) slot.stop();
      await Promise.allSettled(slots.map(({ ended }) => ended));
      await dynamoDb.close();
    },
  };
}

async function startSlot(
  folder: string,
  pool: PoolStore,
  assign: (ref: SlotRef, taskToken: string) => Promise<void>,
  options: SlotOptions,
): Promise<SlotInTest> {
  const ref = { agentType: 'shell', slotId: ulid() };
  if (options.exists ?? true) await pool.create({ ...bootingSlot(ref.slotId), ...options.slot });
  const stop = new AbortController();
  const execution = new WaitingExecution();
  // By its name the processes of an attempt are known, and killed at its end.
  const dispatchId = ulid();
  const { kit, ...seen } = kitIn(folder, dispatchId, stop.signal, options);
  const is: SlotInTest['is'] = (state) => until(async () => (await pool.get(ref))?.state === state);
  const claim = () => claimSlot(pool, ref, `${dispatchId}-1`);
  let looks = 0;
  const get = async (given: SlotRef) => {
    const slot = await pool.get(given);
    looks += 1;
    return slot;
  };
  const work = slotWork(kit, {
    slotId: ref.slotId,
    pool: { ...noted(pool, seen.order), get, ...options.pool?.(pool) },
    callback: notedCallback(execution, seen.order),
    records: { get: async () => undefined },
    ...options.parts,
    times: { ...TIMES, ...options.times },
  });
  return {
    ...ref,
    ...seen,
    dispatchId,
    work,
    execution,
    ended: serveSlot(work),
    looks: () => looks,
    stop: () => stop.abort(),
    slot: () => pool.get(ref),
    is,
    claim,
    assign: (taskToken = TOKEN) => assign(ref, taskToken),
    assigned: async () => {
      await is('WARM');
      await claim();
      await assign(ref, TOKEN);
    },
  };
}

/** The pool, with a note of what the worker does to its slot. */
function noted(pool: PoolStore, order: string[]): Omit<SlotParts['pool'], 'get'> {
  return {
    seen: (ref, taskArn, at) => pool.seen(ref, taskArn, at),
    managerSeenAt: () => pool.managerSeenAt(),
    drain: (ref, from, reason, at) => pool.drain(ref, from, reason, at),
    register: (ref, taskArn, at) => {
      order.push('register');
      return pool.register(ref, taskArn, at);
    },
    acknowledge: (ref, token, taskArn, at) => {
      order.push('acknowledge');
      return pool.acknowledge(ref, token, taskArn, at);
    },
  };
}

function notedCallback(execution: WaitingExecution, order: string[]): TaskCallback {
  return {
    heartbeat: (token) => {
      if (!order.includes('heartbeat')) order.push('heartbeat');
      return execution.heartbeat(token);
    },
    succeed: (token, output) => {
      order.push('report');
      return execution.succeed(token, output);
    },
  };
}

function kitIn(
  folder: string,
  dispatchId: string,
  stop: AbortSignal,
  { task = 'true', spec, kit: changes }: SlotOptions,
) {
  const uploaded = new Map<Artifact, unknown>();
  const said: string[] = [];
  const order: string[] = [];
  const workspace = mkdtempSync(join(folder, 'workspace-'));
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      said.push(String(chunk));
      done();
    },
  });
  const put = async (artifact: Artifact, content: unknown) => {
    order.push(artifact);
    uploaded.set(artifact, content);
    return { name: ARTIFACTS[artifact], size: 0, sha256: SHA256 };
  };
  const content: DispatchSpec = {
    version: 1,
    dispatchId,
    tenantId: 'acme',
    agent: 'shell',
    task,
    timeoutSeconds: 60,
    ...spec,
  };
  const kit: WorkerKit = {
    agent: 'shell',
    program: shell,
    workspace,
    user: agentUser(undefined),
    programs: NO_PROGRAMS,
    secrets: secretsInTest(),
    agentVariables: {},
    githubUrl: GITHUB_URL,
    specs: { getSpec: async () => ({ valid: true, content }) },
    dispatches: {
      passFence: async () => {
        order.push('fence');
        return true;
      },
    },
    bucketOf: () => ({ ...NO_CHECKPOINTS, put, putJson: put }),
    maxOutputBytes: 1024 ** 3,
    checkpointMs: 60_000,
    log: new WorkerLog(sink),
    stop,
    patienceMs: 0,
    fetchTaskArn: async () => TASK_ARN,
    ...changes,
  };
  return { kit, uploaded, said, order, workspace };
}

/** A bucket that takes everything, and does something as it does. */
export function bucketThat(act: () => unknown): ReturnType<WorkerKit['bucketOf']> {
  const put = async () => {
    await act();
    return { name: 'output.log', size: 0, sha256: 'a'.repeat(64) } as const;
  };
  return { ...NO_CHECKPOINTS, put, putJson: put };
}

/** What a worker reports of itself. */
export function reportOf(exitCode: number): unknown {
  return { stop: { taskArn: TASK_ARN, containers: [{ name: 'worker', exitCode }] } };
}
