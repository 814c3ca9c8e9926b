import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_CHECKPOINTS } from './secrets-in-test.ts';
import {
  bucketThat,
  openSlots,
  reportOf,
  type SlotInTest,
  type SlotOptions,
  type SlotsInTest,
} from './slot-in-test.ts';
import { until } from './worker-in-test.ts';

let slots: SlotsInTest;

beforeAll(async () => {
  slots = await openSlots();
});
afterAll(() => slots.close());

const RUNNING = 'touch ran; echo ready; sleep 300';
const isReady = (worker: SlotInTest) => until(() => worker.said.join('').includes('ready\n'));

describe.concurrent('the report of a worker that served a dispatch', () => {
  const unreachable = () => Promise.reject(new Error('unreachable'));

  it.each([
    { case: 'the agent failed', options: { task: 'exit 3' }, exit: 3 },
    { case: 'its time was up', options: { task: 'sleep 300', spec: { timeoutSeconds: 1 } }, exit: 124 },
    { case: 'the spec is missing', options: { kit: { specs: { getSpec: async () => undefined } } }, exit: 65 },
    { case: 'the fence is closed', options: { kit: { dispatches: { passFence: async () => false } } }, exit: 75 },
    { case: 'the fence cannot be asked', options: { kit: { dispatches: { passFence: unreachable } } }, exit: 75 },
    {
      case: 'the output cannot be uploaded',
      options: { kit: { bucketOf: () => ({ ...NO_CHECKPOINTS, put: unreachable, putJson: unreachable }) } },
      exit: 74,
    },
  ] satisfies { case: string; options: SlotOptions; exit: number }[])(
    'says $exit where $case',
    async ({ options, exit }) => {
      const worker = await slots.serve(options);
      await worker.assigned();

      const exitCode = await worker.ended;

      expect({ exitCode, reports: worker.execution.reports }).toEqual({ exitCode: exit, reports: [reportOf(exit)] });
    },
  );

  it('is not given for a stop: what ECS says of it matters', async () => {
    const worker = await slots.serve({ task: RUNNING });
    await worker.assigned();
    await isReady(worker);

    worker.stop();
    const exitCode = await worker.ended;

    expect(exitCode).toBe(143);
    expect(worker.uploaded.get('result')).toMatchObject({ endedBy: 'stop' });
    expect(worker.order).not.toContain('report');
  });

  it('is given for an agent that had ended when the stop came', async () => {
    const worker: SlotInTest = await slots.serve({ kit: { bucketOf: () => bucketThat(() => worker.stop()) } });
    await worker.assigned();

    const exitCode = await worker.ended;

    expect({ exitCode, reports: worker.execution.reports }).toEqual({ exitCode: 0, reports: [reportOf(0)] });
  });

  it('may be refused: the exit code stays', async () => {
    const worker = await slots.serve({ task: 'exit 3' });
    worker.execution.succeed = async () => false;
    await worker.assigned();

    const exitCode = await worker.ended;

    expect(exitCode).toBe(3);
    expect(worker.said.join('')).toContain('waits for this worker no more');
  });

  it('may be lost: the exit code stays', async () => {
    const worker = await slots.serve({ task: 'exit 3' });
    const { reports } = worker.execution;
    worker.execution.succeed = async (_token, output) => {
      reports.push(output);
      throw new Error('the answer was lost');
    };
    await worker.assigned();

    const exitCode = await worker.ended;

    expect({ exitCode, reports }).toEqual({ exitCode: 3, reports: [reportOf(3)] });
    expect(worker.said.join('')).toContain('the answer was lost');
  });
});
