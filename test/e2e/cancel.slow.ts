import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import type { FaultRates } from '../../local/faults/fault-settings.ts';
import { type Answer, bootHarness, eventually, type Harness, processesMentioning } from './harness.ts';
import { lookIntoPool } from './pool-look.ts';

/** Milliseconds for which a stage is held. */
const HELD_MS = 3_000;
const AGENT_DEAD_MS = 10_000;
const TERMINAL_MS = 5_000;

// Each test boots an Outpost of its own, and the first ones make its assembly.
vi.setConfig({ testTimeout: 120_000 });

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface Stage {
  readonly calls?: FaultRates['calls'];
  readonly pool?: string;
}

/** Outpost whose calls of some kind are answered late, so that dispatches stay where they are for a while. */
async function boot({ calls = [], pool }: Stage): Promise<Harness & { readonly dispatches: DispatchStore }> {
  const harness = await bootHarness({ ...(pool && { pool }), faults: { seed: 1, rates: { calls } } });
  cleanUps.push(harness.close);
  const documents = documentClient(new DynamoDBClient(harness.outpost.aws.operator));
  return { ...harness, dispatches: new DispatchStore(documents, 'outpost-dispatches') };
}

const late = (service: string, operation: string, caller: 'state-machine' | 'worker', containing = '') => ({
  service,
  operation,
  caller,
  ...(containing && { containing }),
  delay: 1,
  delayMs: [HELD_MS, HELD_MS] as [number, number],
});

const TASK = 'echo ran > ran.txt';

/** Cancels, and says how the dispatch ended and how long its ECS task had stopped by then. */
async function cancelled({ call, ended }: Harness, id: string): Promise<{ view: Answer['body']; afterStopMs: number }> {
  const first = await call('DELETE', `/dispatch/${id}`);
  const second = await call('DELETE', `/dispatch/${id}`);
  expect(first.status).toBe(202);
  // One that never ran may have ended by now.
  expect(second.status).toBe(second.body.data.endedAt === undefined ? 202 : 200);
  expect(second.body.data.cancelRequestedAt).toBe(first.body.data.cancelRequestedAt);
  const view = await ended(id, 60_000);
  const again = await call('DELETE', `/dispatch/${id}`);
  expect([again.status, again.body.data]).toEqual([200, view]);
  return { view, afterStopMs: Date.parse(view.endedAt) - Date.parse(view.stoppedAt ?? view.endedAt) };
}

describe('a cancel before the agent has begun', () => {
  const NEVER_RAN = { status: 'cancelled', reason: 'Cancelled on request.' };

  it('right after it was posted ends it without a run', async () => {
    const harness = await boot({});
    const id = await harness.shell(TASK);

    const { view } = await cancelled(harness, id);

    expect(view).toMatchObject(NEVER_RAN);
    expect(view).not.toHaveProperty('startedAt');
  });

  it('while PROVISIONING, before RunTask is answered, stops the ECS task once ECS tells of it', async () => {
    const harness = await boot({
      calls: [late('ecs', 'RunTask', 'state-machine'), late('s3', 'GetObject', 'worker')],
    });
    const id = await harness.shell(TASK);
    await harness.when(id, ({ status }) => status === 'provisioning');

    const { view, afterStopMs } = await cancelled(harness, id);

    expect(view).toMatchObject({ ...NEVER_RAN, exitCode: 143 });
    expect(view).not.toHaveProperty('startedAt');
    // The execution hears of the stop once RunTask is answered.
    expect(afterStopMs).toBeLessThan(TERMINAL_MS);
  });

  it('while PROVISIONING, after ECS has told of its ECS task, stops that', async () => {
    const harness = await boot({ calls: [late('s3', 'GetObject', 'worker')] });
    const id = await harness.shell(TASK);
    const record = await eventually(
      () => harness.dispatches.get(id),
      (found) => found?.taskArn !== undefined,
      15_000,
    );

    const { view, afterStopMs } = await cancelled(harness, id);

    expect(record).toMatchObject({ status: 'PROVISIONING' });
    expect(record).not.toHaveProperty('startedAt');
    expect(view).toMatchObject({ ...NEVER_RAN, exitCode: 143 });
    expect(afterStopMs).toBeLessThan(TERMINAL_MS);
  });

  it('between claim and assignment of a warm slot never begins there', async () => {
    const harness = await boot({ pool: 'shell=1-1', calls: [late('lambda', 'Invoke', 'state-machine', 'claim-slot')] });
    const pool = lookIntoPool(harness.outpost);
    await pool.warm(1);
    const id = await harness.shell(TASK);
    await eventually(
      () => pool.servedBy(`${id}-1`),
      (slot) => slot?.state === 'CLAIMED',
      15_000,
    );

    const { view, afterStopMs } = await cancelled(harness, id);

    expect(view).toMatchObject(NEVER_RAN);
    expect(view).not.toHaveProperty('startedAt');
    expect(afterStopMs).toBeLessThan(TERMINAL_MS);
  });
});

describe('a cancel while the agent runs', () => {
  it.each([
    ['cold', undefined],
    ['warm', 'shell=1-1'],
  ])(
    '%s kills its whole family within 10 s, and ends 5 s after its worker at the most, with its output',
    async (startedOn, pool) => {
      const harness = await boot(pool ? { pool } : {});
      if (pool) await lookIntoPool(harness.outpost).warm(1);
      const marker = `outpost-cancel-${startedOn}-${process.pid}`;
      const sleeps = `exec -a ${marker} sleep 300`;
      const id = await harness.shell(`echo some > part.txt; trap '' TERM; setsid bash -c '${sleeps}' & ${sleeps}`);
      await eventually(
        async () => processesMentioning(marker),
        (pids) => pids.length >= 2,
        20_000,
      );
      const asked = performance.now();

      const ending = cancelled(harness, id);
      await eventually(
        async () => processesMentioning(marker),
        (pids) => pids.length === 0,
        AGENT_DEAD_MS,
      );
      const deadMs = performance.now() - asked;
      const { view, afterStopMs } = await ending;

      console.log(`${startedOn}: agent dead after ${Math.round(deadMs)} ms, terminal ${afterStopMs} ms after the stop`);
      expect(view).toMatchObject({ status: 'cancelled', startedOn, output: { fileCount: 1 } });
      expect(deadMs).toBeLessThan(AGENT_DEAD_MS);
      expect(afterStopMs).toBeLessThan(TERMINAL_MS);
    },
  );
});

describe('a cancel that comes late', () => {
  it.each([
    ['success', 'loses', 'echo done > done.txt'],
    ['cancelled', 'wins over a failure that is not written yet', 'echo done > done.txt; exit 3'],
  ])('while COMPLETING ends as %s: it %s', async (status, _, task) => {
    const harness = await boot({ calls: [late('lambda', 'Invoke', 'state-machine', 'collect-output')] });
    const id = await harness.shell(task);
    await harness.when(id, (view) => view.status === 'completing');

    const { status: answered } = await harness.call('DELETE', `/dispatch/${id}`);

    expect(answered).toBe(202);
    expect(await harness.ended(id)).toMatchObject({ status, output: { fileCount: 1 } });
    const { status: again } = await harness.call('DELETE', `/dispatch/${id}`);
    expect(again).toBe(status === 'cancelled' ? 200 : 409);
  });
});
