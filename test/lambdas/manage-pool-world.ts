import { randomBytes, randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { expect } from 'vitest';
import { POOL_POLICIES } from '../../core/pool-policy.ts';
import { MANAGER_KEY, type Slot } from '../../core/slot.ts';
import { DemandCounters } from '../../lambdas/manage-pool/demand-counters.ts';
import { type ManageCollaborators, type Managed, managePool } from '../../lambdas/manage-pool/manage-pool.ts';
import { ManagerLease } from '../../lambdas/manage-pool/manager-lease.ts';
import { PoolTrigger } from '../../lambdas/manage-pool/trigger.ts';
import { WaitingDispatches } from '../../lambdas/manage-pool/waiting-dispatches.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import type { ClusterTask } from '../../lambdas/shared/ecs-tasks.ts';
import type { ExecutionState } from '../../lambdas/shared/execution-state.ts';
import { PoolStore } from '../../lambdas/shared/pool-store.ts';
import { aSlot, NOW, REVISION, TASK_ARN } from './records.ts';
import { createDispatchesTable, createPoolTable } from './tables.ts';

export const MINUTE = 60_000;

/** A pool in tables of its own, with an ECS and a Step Functions of its own and a clock that stands still. */
export async function aPoolWorld(client: DynamoDBClient, changes: Partial<ManageCollaborators> = {}) {
  const documents = documentClient(client);
  const [table, dispatchesTable] = await Promise.all([createPoolTable(client), createDispatchesTable(client)]);
  const pool = new PoolStore(documents, table);
  const dispatches = new DispatchStore(documents, dispatchesTable);
  const waiting = new WaitingDispatches(documents, dispatchesTable);
  const clock = { ms: Date.parse(NOW) };
  const now = (skewMs = 0) => new Date(clock.ms + skewMs);
  const ecs = simulatedEcs(now);
  const stepFunctions = simulatedStepFunctions();
  const counted: string[] = [];
  const at = (skewMs: number): ManageCollaborators => ({
    pool,
    dispatches,
    waiting,
    counters: new DemandCounters(documents, table),
    executions: stepFunctions,
    callback: { succeed: async (token, output) => stepFunctions.handBack(token, output) },
    tasks: ecs,
    metrics: {
      started: (agent) => void counted.push(`started ${agent}`),
      drained: (agent, reason) => void counted.push(`drained ${agent}: ${reason}`),
      bootsFailed: (agent, count) => void counted.push(`${count} boots failed ${agent}`),
      mended: (agent) => void counted.push(`mended ${agent}`),
      orphanStopped: () => void counted.push('orphan stopped'),
    },
    taskDefinitions: { shell: REVISION },
    bounds: { shell: { min: 2, max: 5 } },
    policy: POOL_POLICIES.fixed,
    openLease: () => new ManagerLease(documents, table, randomUUID(), () => now(skewMs)),
    newSlotId: (date) => ulid(date.getTime()),
    now: () => now(skewMs),
    ...changes,
  });
  const slots = async (agent = 'shell') => pool.list(agent);
  const manage = (trigger: PoolTrigger, more: Partial<ManageCollaborators> = {}, skewMs = 0): Promise<Managed> =>
    managePool({ ...at(skewMs), ...more }, trigger);
  return {
    documents,
    table,
    pool,
    dispatches,
    waiting,
    ecs,
    stepFunctions,
    counted,
    clock,
    now,
    slots,
    manage,
    /** One manager by the schedule. */
    minute: (more: Partial<ManageCollaborators> = {}, skewMs = 0) => manage(MINUTELY, more, skewMs),
    claimed: (more: Partial<ManageCollaborators> = {}) => manage(demandEvent('Slot Claimed', now()), more),
    missed: (more: Partial<ManageCollaborators> = {}) => manage(demandEvent('Slot Missed', now()), more),
    inState: async (state: Slot['state']) => (await slots()).filter((slot) => slot.state === state),
    managerItem: async () =>
      (await documents.send(new GetCommand({ TableName: table, Key: MANAGER_KEY, ConsistentRead: true }))).Item ?? {},
    /** A slot whose ECS task and execution run. */
    given: async (fields: Partial<Slot> = {}) => {
      const slotId = fields.slotId ?? ulid(clock.ms);
      stepFunctions.executions.set(slotId, { status: 'running' });
      const slot = aSlot({ slotId, taskArn: ecs.run({ SLOT_ID: slotId }).taskArn, ...fields });
      await pool.create(slot);
      return slot;
    },
    /** A slot of which no worker has registered, nor an execution. */
    givenUnregistered: async (fields: Partial<Slot> = {}) => {
      const { taskArn: _, warmAt: __, seenAt: ___, ...slot } = aSlot({ state: 'BOOTING', createdAt: NOW, ...fields });
      await pool.create(slot);
      return slot;
    },
    /** The workers of all BOOTING slots whose executions run register themselves. */
    boot: async () => {
      for (const { state, agentType, slotId } of await slots()) {
        if (state !== 'BOOTING' || stepFunctions.executions.get(slotId)?.status !== 'running') continue;
        const task = ecs.run({ SLOT_ID: slotId });
        await pool.register({ agentType, slotId }, task.taskArn, now().toISOString());
      }
    },
    /** All waiting workers say that they are there. */
    beat: async () => {
      for (const slot of await slots()) await pool.seen(slot, slot.taskArn ?? '', now().toISOString());
    },
  };
}
export type PoolWorld = Awaited<ReturnType<typeof aPoolWorld>>;

export const MINUTELY: PoolTrigger = { 'detail-type': 'Scheduled Event' };

export function demandEvent(type: 'Slot Claimed' | 'Slot Missed', time: Date): PoolTrigger {
  const common = { version: '1', eventId: 'e', dispatchId: ulid(), attempt: 1, agent: 'shell' };
  const detail = type === 'Slot Claimed' ? { ...common, slotId: ulid() } : { ...common, reason: 'none-warm' };
  return PoolTrigger.parse({ 'detail-type': type, time: time.toISOString(), detail });
}

/** Comes to a stop in a step until it is let go on. */
export function pause() {
  let goOn = () => {};
  let arrived = () => {};
  const hold = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  return {
    /** Resolves when somebody has come to the step. */
    reached,
    goOn: () => goOn(),
    step: async <T>(then: () => Promise<T>): Promise<T> => {
      arrived();
      await hold;
      return then();
    },
  };
}

/** The world's pool, with some of its operations replaced. */
export function poolWith(world: PoolWorld, changes: Partial<PoolWorld['pool']>): PoolWorld['pool'] {
  return Object.assign(Object.create(world.pool), changes);
}

/** What nobody ever hears of: as if the caller had been killed. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

function simulatedEcs(now: () => Date) {
  const tasks = new Map<string, ClusterTask>();
  const stops: string[] = [];
  const change = (task: ClusterTask) => {
    tasks.set(task.taskArn, task);
    return task;
  };
  return {
    tasks,
    /** Why each ECS task was stopped. */
    stops,
    run: (environment: Record<string, string>, taskArn = TASK_ARN.replace(/\w+$/, randomBytes(16).toString('hex'))) =>
      change({ taskArn, createdAt: now(), environment, hasStopped: false, stop: { taskArn } }),
    /** It exits by itself. */
    exit: (taskArn: string, exitCode: number) => {
      const task = tasks.get(taskArn);
      if (!task) throw new Error(`There is no ECS task ${taskArn}.`);
      const containers = [{ name: 'worker', exitCode }];
      const stop = { taskArn, stopCode: 'EssentialContainerExited', stoppedAt: now().toISOString(), containers };
      return change({ ...task, hasStopped: true, stop });
    },
    running: async () => [...tasks.values()].filter(({ hasStopped }) => !hasStopped),
    describeAll: async (taskArns: readonly string[]) => taskArns.flatMap((taskArn) => tasks.get(taskArn) ?? []),
    stop: async (taskArn: string, why: string) => void stops.push(`${taskArn} ${why}`),
  };
}

const ABORTED = { status: 'closed', endedAs: 'ABORTED', error: 'Execution.ABORTED', cause: '' } as const;

function simulatedStepFunctions() {
  const executions = new Map<string, ExecutionState>();
  const starts: string[] = [];
  const handedBack: { token: string; output: unknown }[] = [];
  return {
    executions,
    /** Every StartExecution, those of executions that were there among them. */
    starts,
    handedBack,
    start: async ({ slotId }: { slotId: string }) => {
      starts.push(slotId);
      if (!executions.has(slotId)) executions.set(slotId, { status: 'running' });
    },
    describe: async (slotId: string): Promise<ExecutionState> => executions.get(slotId) ?? { status: 'absent' },
    abort: (slotId: string) => executions.set(slotId, ABORTED),
    handBack: (token: string, output: unknown) => {
      handedBack.push({ token, output });
      return true;
    },
  };
}

/** Everything is as desired: two slots boot, each started once, and the lease is free. */
export async function expectTwoStarted(world: PoolWorld): Promise<void> {
  const slots = await world.slots();
  expect(slots.map(({ state }) => state)).toEqual(['BOOTING', 'BOOTING']);
  expect([...world.stepFunctions.executions.keys()].sort()).toEqual(slots.map(({ slotId }) => slotId).sort());
  const { holder, intents } = await world.managerItem();
  expect({ holder, intents }).toEqual({ holder: undefined, intents: [] });
}
