import { DescribeExecutionCommand, GetExecutionHistoryCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Slot } from '../../core/slot.ts';
import { bootHarness, commandLineOf, eventually, type Harness, processesMentioning } from './harness.ts';
import { lookIntoPool, type PoolLook } from './pool-look.ts';

let harness: Harness;
let pool: PoolLook;
let sfn: SFNClient;

beforeAll(async () => {
  harness = await bootHarness({ pool: 'shell=2-2' });
  pool = lookIntoPool(harness.outpost);
  sfn = new SFNClient(harness.outpost.aws.operator);
});

afterAll(async () => {
  await harness?.close();
});

/** The slot that a dispatch ran on, once it is a tombstone. */
async function tombstoneOf(id: string): Promise<Slot> {
  const slot = await pool.servedBy(`${id}-1`);
  if (!slot) throw new Error(`No slot served ${id}.`);
  return pool.when(slot, ({ state }) => state === 'STOPPED');
}

function slotExecution({ slotId }: Slot): string {
  const dispatch = harness.outpost.aws.output('StateMachineArn');
  return `${dispatch.replace(':stateMachine:', ':execution:').replace(/-dispatch$/, '-warm-slot')}:${slotId}`;
}

async function statesOf(executionArn: string): Promise<string[]> {
  const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
  return events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
}

describe('a dispatch on a warm slot', () => {
  it('runs there, is recorded before ECS says STOPPED, and leaves a tombstone with what ECS said', async () => {
    await pool.warm(1);

    const id = await harness.shell('echo warm > warm.txt');
    const ended = await harness.ended(id);

    const trace = await eventually(
      () => harness.call('GET', `/dispatch/${id}/trace`),
      ({ body }) => body.data.status !== 'running',
      15_000,
    );
    const slot = await tombstoneOf(id);
    expect(ended).toMatchObject({ status: 'success', exitCode: 0, output: { fileCount: 1 } });
    expect(trace.body.data.states.map(({ name }: { name: string }) => name)).toEqual([
      'Admit',
      'ClaimWarmSlot',
      'WarmOrCold',
      'RunOnWarmSlot',
      'MapStopReason',
      'RunAgain',
      'CollectOutput',
      'RecordOutcome',
      'Ended',
      'Succeeded',
    ]);
    expect(slot.stop).toMatchObject({ stopCode: 'EssentialContainerExited', exitCode: 0, taskArn: slot.taskArn });
    expect(Date.parse(ended.endedAt)).toBeLessThan(Date.parse(slot.stoppedAt ?? ''));
    const execution = await eventually(
      () => sfn.send(new DescribeExecutionCommand({ executionArn: slotExecution(slot) })),
      ({ status }) => status !== 'RUNNING',
      15_000,
    );
    expect(execution.status).toBe('SUCCEEDED');
    expect(await statesOf(slotExecution(slot))).toEqual([
      'RunSlot',
      'CloseSlot',
      'WasAssigned',
      'HandBackStop',
      'Closed',
    ]);
  });

  it('ends with the true exit code of an agent that fails there, and refills the pool', async () => {
    await pool.warm(2);

    const id = await harness.shell('exit 3');
    const ended = await harness.ended(id);

    expect(ended).toMatchObject({ status: 'failed', exitCode: 3 });
    expect((await tombstoneOf(id)).stop).toMatchObject({ exitCode: 3 });
    await pool.warm(2);
  });

  it('is FAILED with 137, by hand-back, where its worker is killed in the middle', async () => {
    await pool.warm(1);
    const id = await harness.shell('echo begun; sleep 60');
    const running = await harness.when(id, ({ status }) => status === 'running');

    const slot = await pool.servedBy(`${id}-1`);
    process.kill(workerOf(slot?.slotId ?? ''), 'SIGKILL');
    const ended = await harness.ended(id);

    expect(running.startedAt).toBeDefined();
    expect(ended).toMatchObject({ status: 'failed', exitCode: 137 });
    expect((await tombstoneOf(id)).stop).toMatchObject({ exitCode: 137 });
    expect(processesMentioning(`${id}-1`)).toEqual([]);
  });

  it('is CANCELLED, with its agent gone, where that is asked for', async () => {
    await pool.warm(1);
    const id = await harness.shell('echo begun | tee begun.txt; sleep 60');
    await eventually(
      () => harness.call('GET', `/dispatch/${id}?logs=5`),
      ({ body }) => body.data.logs.lines.some(({ message }: { message: string }) => message === 'begun'),
      30_000,
    );

    await harness.call('DELETE', `/dispatch/${id}`);
    const ended = await harness.ended(id);

    expect(ended).toMatchObject({ status: 'cancelled', output: { fileCount: 1 } });
    expect(processesMentioning(`${id}-1`)).toEqual([]);
  });
});

/** The pid of the worker that serves a slot: its environment names it, and the agent's does not. */
function workerOf(slotId: string): number {
  const [pid] = processesMentioning(`SLOT_ID=${slotId}`).filter((found) => commandLineOf(found).includes('main.mjs'));
  if (!pid) throw new Error(`No worker serves ${slotId}.`);
  return Number(pid);
}
