import type { DispatchEnded, DispatchRequested } from '../../../core/events.ts';
import { EcsTaskStateChange } from '../../../core/events.ts';
import { type AttemptRef, attemptName } from '../../../core/ids.ts';
import {
  CollectOutputEvent,
  type ExecutionInput,
  MapStopReasonEvent,
  RecordOutcomeEvent,
} from '../../../core/workflow.ts';
import { createApp } from '../../../lambdas/api/app.ts';
import { replay } from '../../../lambdas/replay/replay.ts';
import { ReplayEvent, replayOf } from '../../../lambdas/replay/replay-event.ts';
import { settle } from '../../../lambdas/settle/settle.ts';
import { readOrder, SettleEvent } from '../../../lambdas/settle/settle-event.ts';
import { collectOutput } from '../../../lambdas/shared/collect-output.ts';
import { mapStop } from '../../../lambdas/shared/map-stop.ts';
import { recordOutcome } from '../../../lambdas/shared/record-outcome.ts';
import { readReport } from '../../../lambdas/shared/stop-report.ts';
import { sweep } from '../../../lambdas/sweep/sweep.ts';
import { SweepMemory } from '../../../lambdas/sweep/sweep-memory.ts';
import { trackEcs } from '../../../lambdas/track-ecs/track-ecs.ts';
import type { LifeWorld } from './life-world.ts';

/** Our functions as they are deployed, over the world's stores and clock. */
export function lifeFunctions(world: LifeWorld) {
  const { stores, now } = world;
  const clients = clientsOf(world);
  const { artifacts, specs } = world.buckets;
  const metrics = { ended: () => {}, settled: () => {} };
  const { dispatches, pool } = stores;
  const ending = { ...clients, dispatches, tenants: stores.tenants, artifacts, metrics, now };
  const settling = { ...ending, pool, wait: (milliseconds: number) => waited(world, milliseconds) };
  const replaying = { ...ending, specs, tenants: tenantsOf(world), counts: { answered: () => {} } };
  const sweeping = {
    ...ending,
    memory: new SweepMemory(stores.documents, world.tables.pool),
    metrics: { ...metrics, repaired: () => {} },
  };
  const tracking = {
    ...clients,
    dispatches,
    pool,
    now,
    slotExecutions: { describe: async () => ({ status: 'absent' as const }) },
    callback: { heartbeat: async () => false, succeed: async () => false },
  };
  return {
    api: apiOf(world, { ...clients, metrics }),
    ofStates: {
      'claim-slot': async () => ({ claimed: false }),
      'map-stop-reason': async (payload: unknown) => {
        const { report, ...ref } = MapStopReasonEvent.parse(payload);
        return mapStop({ dispatches, artifacts }, ref, readReport(report));
      },
      'collect-output': async (payload: unknown) => {
        const { outcome, ...ref } = CollectOutputEvent.parse(payload);
        return collectOutput({ dispatches, artifacts, now }, ref, outcome);
      },
      'record-outcome': async (payload: unknown) => {
        const { outcome, ...ref } = RecordOutcomeEvent.parse(payload);
        return recordOutcome(ending, ref, outcome, 'record-outcome');
      },
    },
    sweep: (): Promise<unknown> => sweep(sweeping),
    ofMessages: {
      settle: async (event: unknown): Promise<unknown> => {
        const order = await readOrder(clients.executions, SettleEvent.parse(event));
        return order && settle(settling, order.ref, order.execution);
      },
      'track-ecs': async (event: unknown): Promise<unknown> =>
        trackEcs(tracking, EcsTaskStateChange.parse(event).detail),
      replay: async (event: unknown): Promise<unknown> => replay(replaying, replayOf(ReplayEvent.parse(event))),
    },
  };
}

async function waited(world: LifeWorld, milliseconds: number): Promise<void> {
  await world.turns.pause('wait');
  world.pass(milliseconds);
}

/** The services that our functions call, a turn for each call. */
function clientsOf(world: LifeWorld) {
  const { turns, model } = world;
  return {
    events: {
      requested: (event: DispatchRequested) =>
        turns.call('PutEvents requested', async () => model.requestPublished(event)),
      ended: (event: DispatchEnded) => turns.call('PutEvents ended', async () => model.endPublished(event)),
    },
    executions: {
      start: (input: ExecutionInput) => turns.call('StartExecution', async () => world.executions.start(input)),
      describe: (ref: AttemptRef) => turns.call('DescribeExecution', async () => world.executions.describe(ref)),
      running: () =>
        turns.call('ListExecutions', async () => new Set(world.executions.running.map(({ name }) => name))),
      history: async () => undefined,
      arnOf: (ref: AttemptRef) => attemptName(ref),
    },
    tasks: {
      describe: (taskArn: string) => turns.call('DescribeTasks', async () => world.ecs.describe(taskArn)),
      stop: (taskArn: string, why: string) => turns.call('StopTask', async () => stopped(world, taskArn, why)),
    },
    settler: {
      request: ({ dispatchId, attempt }: AttemptRef, why: string) =>
        turns.call('Invoke settle', async () => world.send('settle', { settle: { dispatchId, attempt, why } }, false)),
    },
  };
}

/** `settle` says which end of an execution it stops an ECS task for: that must be the end of the ECS task's own. */
function stopped(world: LifeWorld, taskArn: string, why: string): void {
  const task = world.ecs.find(taskArn);
  const isRun = task !== undefined && world.executions.describe(task.ref).status === 'running';
  if (isRun && /^execution (?!RUNNING)/.test(why))
    world.model.faults.push(`${taskArn} is stopped for another's ${why}`);
  world.ecs.stop(taskArn, `outpost:${why}`);
}

/** The tenant is known; its places are in the table. */
function tenantsOf({ stores, tenant }: LifeWorld) {
  const { tenants } = stores;
  return {
    get: async () => tenant,
    takePlace: (...place: Parameters<typeof tenants.takePlace>) => tenants.takePlace(...place),
    freePlace: (...place: Parameters<typeof tenants.freePlace>) => tenants.freePlace(...place),
  };
}

function apiOf(
  world: LifeWorld,
  clients: ReturnType<typeof clientsOf> & { readonly metrics: { ended: () => void; settled: () => void } },
) {
  const { stores, ids, now, model } = world;
  const app = createApp({
    ...clients,
    ...world.buckets,
    artifacts: world.buckets.artifacts,
    dispatches: stores.dispatches,
    pool: stores.pool,
    tenants: tenantsOf(world),
    keys: { tenantOf: async () => world.tenant.tenantId },
    agentLog: { read: async () => ({ lines: [], nextToken: null }) },
    reserveId: async ({ key }) => ids[Number(key)] ?? '',
    newId: () => '',
    now,
    report: (error) => {
      if (error.name !== 'TimeoutError') model.faults.push(`The API failed: ${error.stack}`);
    },
  });
  return async (method: string, path: string, { body, key }: { body?: object; key?: string } = {}) => {
    const response = await app.request(path, {
      method,
      headers: {
        authorization: 'Bearer key',
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.status;
  };
}
