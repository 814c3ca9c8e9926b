import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { bootHarness, eventually, type Harness } from './harness.ts';
import { lookIntoPool } from './pool-look.ts';

const SWEPT_MS = 120_000;
const LONG_TASK = 'echo some > part.txt; echo begun; sleep 300';

// Each test boots an Outpost of its own, and the first ones make its assembly.
vi.setConfig({ testTimeout: 120_000 });

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function boot(pool: string): Promise<Harness> {
  const harness = await bootHarness({ pool });
  cleanUps.push(harness.close);
  return harness;
}

function dispatchesOf({ outpost }: Harness): DispatchStore {
  return new DispatchStore(documentClient(new DynamoDBClient(outpost.aws.operator)), 'outpost-dispatches');
}

/** Stops an execution as somebody does in the console. */
async function stopByHand({ outpost }: Harness, machine: string, name: string): Promise<void> {
  const stateMachineArn = outpost.aws.output('StateMachineArn').replace(/-dispatch$/, `-${machine}`);
  const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  await new SFNClient(outpost.aws.operator).send(new StopExecutionCommand({ executionArn }));
}

/** The dispatch once its agent has said that it has begun. */
async function begun(harness: Harness, id: string): Promise<void> {
  await eventually(
    () => harness.call('GET', `/dispatch/${id}?logs=5`),
    ({ body }) => body.data.logs.lines.some(({ message }: { message: string }) => message === 'begun'),
    30_000,
  );
}

describe('a warm dispatch', () => {
  it("whose slot's execution is stopped by hand hears of its stop all the same, and ends", async () => {
    const harness = await boot('shell=1-1');
    const pool = lookIntoPool(harness.outpost);
    await pool.warm(1);
    const id = await harness.shell(LONG_TASK);
    await begun(harness, id);
    const slot = await pool.servedBy(`${id}-1`);

    await stopByHand(harness, 'warm-slot', slot?.slotId ?? '');
    const { status, reason, stoppedAt, endedAt, output } = await harness.ended(id);

    // Step Functions stopped the ECS task; nobody cancelled the dispatch.
    expect({ status, output }).toMatchObject({ status: 'failed', output: { fileCount: 1 } });
    expect(reason).toBe('Outpost stopped the ECS task: execution of its warm slot ABORTED.');
    expect(Date.parse(endedAt) - Date.parse(stoppedAt)).toBeLessThan(5_000);
    expect(slot && (await pool.store.get(slot))).toMatchObject({
      state: 'STOPPED',
      stop: { stopCode: 'UserInitiated' },
    });
  });

  it('whose own execution is stopped by hand is settled, with what its agent wrote, and its slot goes', async () => {
    const harness = await boot('shell=1-1');
    const pool = lookIntoPool(harness.outpost);
    await pool.warm(1);
    const id = await harness.shell(LONG_TASK);
    await begun(harness, id);
    const slot = await pool.servedBy(`${id}-1`);

    await stopByHand(harness, 'dispatch', `${id}-1`);
    const ended = await harness.ended(id);

    expect(ended).toMatchObject({ status: 'failed', reason: 'The execution was stopped.', output: { fileCount: 1 } });
    expect(slot && (await pool.when(slot, ({ state }) => state === 'STOPPED'))).toBeDefined();
  });
});

describe.concurrent('where everything but the sweep has failed', () => {
  const DEAF = [{ detailType: ['Step Functions Execution Status Change', 'ECS Task State Change'], drop: 1 }];

  it(
    'an attempt whose execution and ECS task are gone ends within 2 minutes, with what its agent wrote',
    async ({ onTestFinished }) => {
      const harness = await bootHarness({ faults: { seed: 1, rates: { events: DEAF } } });
      onTestFinished(harness.close);
      const id = await harness.shell(LONG_TASK);
      await begun(harness, id);

      const stoppedAt = performance.now();
      await stopByHand(harness, 'dispatch', `${id}-1`);
      const ended = await harness.ended(id, SWEPT_MS);

      console.log(`swept ${Math.round((performance.now() - stoppedAt) / 1000)} s after the stop`);
      expect(ended).toMatchObject({ status: 'failed', reason: 'The execution was stopped.', output: { fileCount: 1 } });
    },
    SWEPT_MS + 60_000,
  );

  it(
    'an attempt that was never started, and cancelled while PENDING, ends all the same',
    async ({ onTestFinished }) => {
      const calls = [{ service: 'states', operation: 'StartExecution', who: 'outpost-api', failBefore: 1, persist: 1 }];
      const harness = await bootHarness({ faults: { seed: 1, rates: { calls } } });
      onTestFinished(harness.close);
      const posted = await harness.call('POST', '/dispatch', { agent: 'shell', task: 'echo ran' });
      const { items } = await eventually(
        () => dispatchesOf(harness).page('PENDING', 1),
        ({ items }) => items.length === 1,
        15_000,
      );
      const [{ dispatchId }] = items as [DispatchRecord];

      const { status } = await harness.call('DELETE', `/dispatch/${dispatchId}`);
      const ended = await harness.ended(dispatchId, SWEPT_MS);

      expect([posted.status, status]).toEqual([500, 202]);
      expect(ended).toMatchObject({ status: 'cancelled', reason: 'Cancelled on request.' });
      expect(ended).not.toHaveProperty('startedAt');
    },
    SWEPT_MS + 60_000,
  );
});
