import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FencePass } from '../../lambdas/shared/dispatch-store.ts';
import { type SlotClock, systemClock } from '../../worker/warm/slot-clock.ts';
import { TASK_ARN } from '../lambdas/records.ts';
import { NO_CHECKPOINTS } from './secrets-in-test.ts';
import { bucketThat, openSlots, reportOf, type SlotInTest, type SlotsInTest } from './slot-in-test.ts';
import { until } from './worker-in-test.ts';

let slots: SlotsInTest;

beforeAll(async () => {
  slots = await openSlots();
});
afterAll(() => slots.close());

const RUNNING = 'touch ran; echo ready; sleep 300';
const isReady = (worker: SlotInTest) => until(() => worker.said.join('').includes('ready\n'));
const hasRun = (worker: SlotInTest) => existsSync(join(worker.workspace, 'ran'));

describe.concurrent('a worker that is assigned a dispatch', () => {
  it('acknowledges it, beats, passes the fence, runs it, uploads, and reports last', async () => {
    const worker = await slots.serve({ task: 'touch ran' });
    await worker.assigned();

    const exitCode = await worker.ended;
    const { order } = worker;

    expect({ exitCode, ran: hasRun(worker) }).toEqual({ exitCode: 0, ran: true });
    expect(order.slice(0, 4)).toEqual(['register', 'acknowledge', 'heartbeat', 'fence']);
    expect(order.slice(-2)).toEqual(['manifest', 'report']);
    expect(worker.execution.reports).toEqual([reportOf(0)]);
    expect(await worker.slot()).toMatchObject({ state: 'RUNNING', ackedBy: TASK_ARN });
  });

  it('passes the fence as its ECS task, with its slot', async () => {
    const passes: FencePass[] = [];
    const passFence = async (pass: FencePass) => passes.push(pass) > 0;
    const worker = await slots.serve({ kit: { dispatches: { passFence } } });
    await worker.assigned();

    await worker.ended;

    const startedAt = expect.stringMatching(/Z$/);
    expect(passes).toEqual([
      { dispatchId: worker.dispatchId, attempt: 1, taskArn: TASK_ARN, slotId: worker.slotId, startedAt },
    ]);
  });

  it('beats while it asks for the spec', async () => {
    const worker: SlotInTest = await slots.serve({
      kit: {
        specs: {
          getSpec: async () => {
            await until(() => worker.execution.heartbeats > 0);
            return undefined;
          },
        },
      },
    });
    await worker.assigned();

    const exitCode = await worker.ended;

    expect({ exitCode, heartbeats: worker.execution.heartbeats > 0 }).toEqual({ exitCode: 65, heartbeats: true });
  });

  it('does not pass the fence before its first heartbeat is answered', async () => {
    const worker: SlotInTest = await slots.serve({ task: 'touch ran' });
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    worker.execution.heartbeat = () => answered.then(() => true);
    await worker.assigned();
    await until(() => worker.order.includes('heartbeat'));
    const before = [...worker.order];

    answer();
    const exitCode = await worker.ended;

    expect({ before, exitCode }).toEqual({ before: ['register', 'acknowledge', 'heartbeat'], exitCode: 0 });
    expect(worker.order).toContain('fence');
  });

  it('runs nothing and leaves with 0 where the slot was reclaimed before it acknowledged', async () => {
    const worker = await slots.serve({
      task: RUNNING,
      pool: (real) => ({
        acknowledge: async (ref, ...given) => {
          await real.reclaim(ref, `${worker.dispatchId}-1`, new Date().toISOString());
          return real.acknowledge(ref, ...given);
        },
      }),
    });
    await worker.assigned();

    const exitCode = await worker.ended;

    expect({ exitCode, ran: hasRun(worker) }).toEqual({ exitCode: 0, ran: false });
    expect(worker.order).toEqual(['register']);
    expect(await worker.slot()).toMatchObject({ state: 'DRAINING' });
  });

  it('runs nothing where nobody knows whether its acknowledgement took effect', async () => {
    const worker = await slots.serve({
      task: RUNNING,
      pool: (real) => ({
        acknowledge: async (...given) => {
          await real.acknowledge(...given);
          throw new Error('the answer was lost');
        },
      }),
    });
    await worker.assigned();

    const exitCode = await worker.ended;

    expect({ exitCode, ran: hasRun(worker) }).toEqual({ exitCode: 75, ran: false });
    expect(worker.order).toEqual(['register']);
    expect(worker.execution.reports).toEqual([]);
  });

  it('runs nothing and reports nothing where its token is stale', async () => {
    const worker = await slots.serve({ task: RUNNING });
    await worker.is('WARM');
    await worker.claim();
    await worker.assign('a-stale-token');

    const exitCode = await worker.ended;

    expect({ exitCode, ran: hasRun(worker) }).toEqual({ exitCode: 75, ran: false });
    expect(worker.order).toEqual(['register', 'acknowledge', 'heartbeat']);
    expect(worker.execution.heartbeats).toBe(1);
  });

  it('reports nothing where it was stopped before the fence', async () => {
    const worker: SlotInTest = await slots.serve({ task: RUNNING });
    const { heartbeat } = worker.execution;
    worker.execution.heartbeat = (token) => {
      worker.stop();
      return heartbeat.call(worker.execution, token);
    };
    await worker.assigned();

    const exitCode = await worker.ended;

    expect({ exitCode, ran: hasRun(worker) }).toEqual({ exitCode: 143, ran: false });
    expect(worker.order).toEqual(['register', 'acknowledge', 'heartbeat']);
  });
});

describe.concurrent('the heartbeat of a worker that serves a dispatch', () => {
  it('goes on until the report is out, through the upload', async () => {
    const worker = await slots.serve({
      kit: {
        bucketOf: () => {
          const put = async () => {
            const before = worker.execution.heartbeats;
            await until(() => worker.execution.heartbeats > before + 2);
            return { name: 'output.log', size: 0, sha256: 'a'.repeat(64) } as const;
          };
          return { ...NO_CHECKPOINTS, put, putJson: put };
        },
      },
    });
    await worker.assigned();

    const exitCode = await worker.ended;

    expect({ exitCode, reports: worker.execution.reports }).toEqual({ exitCode: 0, reports: [reportOf(0)] });
  });

  it('ends with the worker', async () => {
    const pauses: AbortSignal[] = [];
    const clock: SlotClock = {
      ...systemClock,
      sleep: (ms, over) => {
        pauses.push(over);
        return systemClock.sleep(ms, over);
      },
    };
    const worker = await slots.serve({ parts: { clock } });
    await worker.assigned();

    await worker.ended;

    expect(worker.execution.heartbeats).toBeGreaterThan(0);
    expect(pauses.every(({ aborted }) => aborted)).toBe(true);
  });

  it('is tried again where it fails, and the run goes on', async () => {
    const worker = await slots.serve({ task: 'until [ -e go ]; do sleep 0.02; done' });
    const { heartbeat } = worker.execution;
    let failures = 0;
    worker.execution.heartbeat = async (token) => {
      if (failures++ < 5) throw new Error('throttled');
      return heartbeat.call(worker.execution, token);
    };
    await worker.assigned();

    await until(() => worker.execution.heartbeats > 3);
    writeFileSync(join(worker.workspace, 'go'), '');
    const exitCode = await worker.ended;

    expect({ exitCode, reports: worker.execution.reports.length }).toEqual({ exitCode: 0, reports: 1 });
  });

  it('ends the run as a stop of the ECS task does where it is refused', async () => {
    const worker = await slots.serve({ task: RUNNING });
    await worker.assigned();
    await isReady(worker);

    worker.execution.gone = true;
    const exitCode = await worker.ended;

    expect(exitCode).toBe(143);
    expect(worker.uploaded.get('result')).toMatchObject({ endedBy: 'stop', exitCode: 143 });
    expect(worker.uploaded.has('manifest')).toBe(true);
    expect(worker.order).not.toContain('report');
  });

  it('changes nothing for an agent that has ended when it is refused', async () => {
    const worker = await slots.serve({
      task: 'exit 3',
      kit: { bucketOf: () => bucketThat(() => refuse(worker)) },
    });
    await worker.assigned();

    const exitCode = await worker.ended;

    expect(exitCode).toBe(3);
    expect(worker.order).not.toContain('report');
  });
});

/** Refuses from now on, and waits until the worker has heard of it. */
async function refuse(worker: SlotInTest): Promise<void> {
  worker.execution.gone = true;
  await until(() => worker.said.join('').includes('waits for this worker no more'));
}
