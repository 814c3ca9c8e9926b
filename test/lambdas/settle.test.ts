import { describe, expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { settle } from '../../lambdas/settle/settle.ts';
import { RUNNING, runs, stopped, type World, world } from './ending-world.ts';
import { aManifest, aRecord, aResult, DISPATCH_ID, NOW } from './records.ts';

describe('settling an execution that ended too early', () => {
  const event = (status: 'ABORTED' | 'TIMED_OUT' | 'FAILED', name = `${DISPATCH_ID}-1`) => ({
    executionArn: `arn:aws:states:us-east-1:000000000000:execution:outpost-dispatch:${name}`,
    name,
    status,
  });
  const byStepFunctions = stopped('UserInitiated', 143, 'Task stopped by Step Functions');

  it.each([
    ['of another attempt', `${DISPATCH_ID}-2`, aRecord(RUNNING)],
    ['of a name that is not ours', 'nightly', aRecord(RUNNING)],
    ['of an attempt that has ended', `${DISPATCH_ID}-1`, aRecord({ status: 'FAILED', publishedAt: NOW })],
    ['of a dispatch without a record', `${DISPATCH_ID}-1`, undefined],
  ])('leaves alone what is %s', async (_, name, record) => {
    const { state, collaborators } = world({ record });

    const settled = await settle(collaborators, event('ABORTED', name));

    expect(settled).toBeUndefined();
    expect([state.record, state.stops, state.events]).toEqual([record, [], []]);
  });

  it.each<[string, World, 'ABORTED' | 'TIMED_OUT' | 'FAILED', DispatchRecord['status'], RegExp | undefined]>([
    ['stopped by hand', { tasks: [byStepFunctions] }, 'ABORTED', 'FAILED', /execution was stopped/],
    ['out of time', { tasks: [byStepFunctions] }, 'TIMED_OUT', 'TIMEOUT', /ran out of its time/],
    [
      'stopped by hand after a cancel',
      { record: aRecord({ ...RUNNING, cancelRequestedAt: NOW }), tasks: [byStepFunctions] },
      'ABORTED',
      'CANCELLED',
      /request/,
    ],
    [
      'stopped by hand when the agent had finished',
      { tasks: [stopped('EssentialContainerExited', 0)], result: aResult(), manifest: aManifest() },
      'ABORTED',
      'SUCCESS',
      undefined,
    ],
    [
      'stopped by hand when the agent had finished, but without output',
      { tasks: [stopped('EssentialContainerExited', 0)], result: aResult() },
      'ABORTED',
      'FAILED',
      /not in S3/,
    ],
    [
      'failed when the agent had exited by itself',
      { tasks: [stopped('EssentialContainerExited', 3)], result: aResult({ exitCode: 3 }) },
      'FAILED',
      'FAILED',
      /exited with code 3/,
    ],
    [
      'stopped before any worker began',
      { record: aRecord({ status: 'PROVISIONING' }) },
      'ABORTED',
      'FAILED',
      /was stopped/,
    ],
    ['stopped long after ECS has forgotten the task', { tasks: [undefined] }, 'ABORTED', 'FAILED', /was stopped/],
  ])('ends an attempt whose execution was %s', async (_, changes, status, ended, reason) => {
    const { state, collaborators } = world({ record: aRecord(RUNNING), ...changes });

    const settled = await settle(collaborators, event(status));

    expect(settled?.status).toBe(ended);
    expect(state.record?.status).toBe(ended);
    expect(state.record?.reason ?? '').toMatch(reason ?? /^$/);
    expect(state.counted).toEqual([`ended ${ended}`, `settled ${ended}`]);
  });

  it('stops the ECS task that still runs, and waits for its last upload', async () => {
    const tasks = [runs, runs, runs, stopped('UserInitiated', 143, 'outpost:execution FAILED')];
    const { state, collaborators, elapsed } = world({ record: aRecord(RUNNING), tasks, manifest: aManifest() });

    await settle(collaborators, event('FAILED'));

    expect(state.stops).toEqual(['execution FAILED']);
    expect(elapsed()).toBe(600);
    expect(state.record).toMatchObject({ status: 'FAILED', reason: 'The execution failed.', output: { fileCount: 2 } });
  });

  it('stops an ECS task that passes the start fence while the attempt is being settled', async () => {
    const tasks = [runs, stopped('UserInitiated', 143, 'outpost:execution FAILED')];
    const { state, collaborators } = world({
      record: aRecord({ status: 'PROVISIONING' }),
      tasks,
      manifest: aManifest(),
    });
    const { get } = collaborators.dispatches;
    const passingAfterTheFirstLook = async (dispatchId: string) => {
      const seen = await get(dispatchId);
      if (state.record?.status === 'PROVISIONING') state.record = aRecord(RUNNING);
      return seen;
    };

    await settle(
      { ...collaborators, dispatches: { ...collaborators.dispatches, get: passingAfterTheFirstLook } },
      event('FAILED'),
    );

    expect(state.stops).toEqual(['execution FAILED']);
    expect(state.record).toMatchObject({ status: 'FAILED', output: { fileCount: 2 } });
  });

  it('waits for 180 seconds at most', async () => {
    const { state, collaborators, elapsed } = world({ record: aRecord(RUNNING), tasks: [runs] });

    await settle(collaborators, event('ABORTED'));

    expect(elapsed()).toBe(180_000);
    expect(state.record?.status).toBe('FAILED');
  });

  it('publishes an end that its execution had written but not published', async () => {
    const { state, collaborators } = world({ record: aRecord({ status: 'SUCCESS', endedAt: NOW }) });

    const settled = await settle(collaborators, event('FAILED'));

    expect(settled?.status).toBe('SUCCESS');
    expect(state.events).toHaveLength(1);
    expect(state.counted).toEqual(['ended SUCCESS']);
  });
});
