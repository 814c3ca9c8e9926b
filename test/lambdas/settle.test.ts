import { describe, expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import type { EndedExecution } from '../../lambdas/settle/ended-execution.ts';
import { settle } from '../../lambdas/settle/settle.ts';
import { readOrder, SettleEvent } from '../../lambdas/settle/settle-event.ts';
import type { DescribedTask } from '../../lambdas/shared/ecs-tasks.ts';
import type { ExecutionState } from '../../lambdas/shared/execution-state.ts';
import { REF, RUNNING, runs, stopped, type World, world } from './ending-world.ts';
import { aManifest, aRecord, aResult, aSlot, DISPATCH_ID, NOW, TASK_ARN } from './records.ts';

const ended = (status: string): EndedExecution => ({ status });
const byStepFunctions = stopped('UserInitiated', 143, 'Task stopped by Step Functions');
const byOutpost = stopped('UserInitiated', 143, 'outpost:execution FAILED');

describe('what settle is asked', () => {
  const change = (name: string, facts: object = {}) => ({
    'detail-type': 'Step Functions Execution Status Change',
    detail: { executionArn: `arn:execution:outpost-dispatch:${name}`, name, status: 'FAILED', ...facts },
  });
  const request = { settle: { ...REF, why: 'its ECS task has stopped' } };
  const order = (event: object, state: ExecutionState = { status: 'running' }) =>
    readOrder({ describe: async () => state }, SettleEvent.parse(event));

  it('is by an event the attempt that the execution is named by, with what it ended of', async () => {
    const read = await order(change(`${DISPATCH_ID}-2`, { error: 'States.Runtime', cause: 'No such field' }));

    const execution = { status: 'FAILED', words: 'States.Runtime: No such field' };
    expect(read).toEqual({ ref: { dispatchId: DISPATCH_ID, attempt: 2 }, execution });
  });

  it('is nothing by an execution of a name that is not ours', async () => {
    expect(await order(change('nightly'))).toBeUndefined();
  });

  const cause = JSON.stringify({
    errorType: 'AccessDenied',
    errorMessage: 'Not authorized.',
    trace: ['AccessDenied: Not authorized.', '    at async file:///var/task/index.mjs:1:2'],
  });

  it('is by an event without the stack trace of a function that failed', async () => {
    const read = await order(change(`${DISPATCH_ID}-2`, { error: 'AccessDenied', cause }));

    expect(read?.execution).toEqual({ status: 'FAILED', words: 'AccessDenied: Not authorized.' });
  });

  it.each<[string, ExecutionState, EndedExecution]>([
    [
      'failed by a function',
      { status: 'closed', endedAs: 'FAILED', error: 'AccessDenied', cause },
      { status: 'FAILED', words: 'AccessDenied: Not authorized.' },
    ],
    ['runs', { status: 'running' }, { status: 'RUNNING', words: request.settle.why }],
    ['is not there', { status: 'absent' }, { status: 'ABSENT', words: request.settle.why }],
    [
      'was stopped',
      { status: 'closed', endedAs: 'ABORTED', error: 'Execution.ABORTED', cause: '' },
      { status: 'ABORTED', words: '' },
    ],
    [
      'failed',
      { status: 'closed', endedAs: 'FAILED', error: 'States.Runtime', cause: 'words' },
      { status: 'FAILED', words: 'States.Runtime: words' },
    ],
  ])('is by a request the attempt that it names, with what Step Functions says: it %s', async (_, state, execution) => {
    expect(await order(request, state)).toEqual({ ref: REF, execution });
  });
});

describe('settling an attempt whose execution cannot end it', () => {
  it.each([
    ['of another attempt', { ...REF, attempt: 2 }, aRecord(RUNNING)],
    ['that has ended', REF, aRecord({ status: 'FAILED', publishedAt: NOW })],
    ['without a record', REF, undefined],
  ])('leaves alone what is %s', async (_, ref, record) => {
    const { state, collaborators } = world({ record });

    const settled = await settle(collaborators, ref, ended('ABORTED'));

    expect(settled).toBeUndefined();
    expect([state.record, state.stops, state.events]).toEqual([record, [], []]);
  });

  const cancelled = aRecord({ ...RUNNING, cancelRequestedAt: NOW });
  const finished = { tasks: [stopped('EssentialContainerExited', 0)], result: aResult() };

  it.each<[string, World, EndedExecution['status'], DispatchRecord['status'], RegExp | undefined]>([
    ['was stopped by hand', { tasks: [byStepFunctions] }, 'ABORTED', 'FAILED', /execution was stopped/],
    ['ran out of time', { tasks: [byStepFunctions] }, 'TIMED_OUT', 'TIMEOUT', /ran out of its time/],
    ['was stopped after a cancel', { record: cancelled, tasks: [byStepFunctions] }, 'ABORTED', 'CANCELLED', /request/],
    [
      'was stopped when the agent had finished',
      { ...finished, manifest: aManifest() },
      'ABORTED',
      'SUCCESS',
      undefined,
    ],
    ['was stopped when the agent had finished, without output', finished, 'ABORTED', 'FAILED', /not in S3/],
    [
      'failed when the agent had exited by itself',
      { tasks: [stopped('EssentialContainerExited', 3)], result: aResult({ exitCode: 3 }) },
      'FAILED',
      'FAILED',
      /exited with code 3/,
    ],
    [
      'failed before somebody stopped the ECS task by hand',
      { tasks: [stopped('UserInitiated', 143, 'enough')] },
      'FAILED',
      'CANCELLED',
      /stopped by hand: enough/,
    ],
    [
      'was stopped before any worker began',
      { record: aRecord({ status: 'PROVISIONING' }) },
      'ABORTED',
      'FAILED',
      /was stopped/,
    ],
    [
      'was stopped, so that its worker was refused',
      {
        record: aRecord({ status: 'PROVISIONING', taskArn: TASK_ARN }),
        tasks: [stopped('EssentialContainerExited', 75)],
      },
      'ABORTED',
      'FAILED',
      /was stopped/,
    ],
    ['was never started', { record: aRecord() }, 'ABSENT', 'FAILED', /is not there/],
    ['succeeded without the outcome', { tasks: [undefined] }, 'SUCCEEDED', 'FAILED', /ended without the outcome/],
    ['was stopped long after ECS has forgotten the task', { tasks: [undefined] }, 'ABORTED', 'FAILED', /was stopped/],
  ])('ends one whose execution %s', async (_, changes, status, expected, reason) => {
    const { state, collaborators } = world({ record: aRecord(RUNNING), ...changes });

    const settled = await settle(collaborators, REF, ended(status));

    expect(settled?.status).toBe(expected);
    expect(state.record?.status).toBe(expected);
    expect(state.record?.reason ?? '').toMatch(reason ?? /^$/);
    expect(state.counted).toEqual([`ended ${expected}`, `settled ${expected}`]);
  });

  it('says why it was asked where the execution still runs', async () => {
    const { state, collaborators } = world({ record: aRecord(RUNNING), tasks: [undefined] });

    await settle(collaborators, REF, { status: 'RUNNING', words: 'it is past its time' });

    expect(state.record).toMatchObject({
      status: 'FAILED',
      reason: 'The execution could not end the attempt: it is past its time.',
    });
  });

  it('stops the ECS task that still runs, and waits for its last upload', async () => {
    const tasks = [runs, runs, runs, byOutpost];
    const { state, collaborators, elapsed } = world({ record: aRecord(RUNNING), tasks, manifest: aManifest() });

    await settle(collaborators, REF, ended('FAILED'));

    expect(state.stops).toEqual([`${TASK_ARN} execution FAILED`]);
    expect(elapsed()).toBe(600);
    expect(state.record).toMatchObject({ status: 'FAILED', reason: 'The execution failed.', output: { fileCount: 2 } });
  });

  it('notes that it is at work before it waits for anything', async () => {
    const { state, collaborators } = world({ record: aRecord(RUNNING), tasks: [runs, runs, byOutpost] });
    const noted: unknown[] = [];
    const tasks = {
      ...collaborators.tasks,
      describe: async (taskArn: string) => {
        noted.push([...state.settling]);
        return collaborators.tasks.describe(taskArn);
      },
    };

    await settle({ ...collaborators, tasks }, REF, ended('ABORTED'));

    expect(noted).toEqual([[NOW], [NOW], [NOW]]);
  });

  it('waits for 180 seconds at most', async () => {
    const { state, collaborators, elapsed } = world({ record: aRecord(RUNNING), tasks: [runs] });

    await settle(collaborators, REF, ended('ABORTED'));

    expect(elapsed()).toBe(180_000);
    expect(state.record?.status).toBe('FAILED');
  });

  it('publishes an end that was written but not published', async () => {
    const { state, collaborators } = world({ record: aRecord({ status: 'SUCCESS', endedAt: NOW }) });

    const settled = await settle(collaborators, REF, ended('FAILED'));

    expect(settled?.status).toBe('SUCCESS');
    expect(state.events).toHaveLength(1);
    expect(state.counted).toEqual(['ended SUCCESS']);
    expect(state.settling).toEqual([]);
  });
});

describe('settling an attempt that nobody has begun', () => {
  const PROVISIONING = { status: 'PROVISIONING' } as const;
  const claimed = { state: 'CLAIMED', claimedBy: `${DISPATCH_ID}-1` } as const;

  it('stops the ECS task that ECS told of, and ends it as one that never ran', async () => {
    const record = aRecord({ ...PROVISIONING, taskArn: TASK_ARN });
    const { state, collaborators } = world({ record, tasks: [runs, byOutpost] });

    await settle(collaborators, REF, ended('FAILED'));

    expect(state.stops).toEqual([`${TASK_ARN} execution FAILED`]);
    expect(state.record).toMatchObject({ status: 'FAILED', reason: 'The execution failed.' });
  });

  it('stops the warm slots that it has claimed, and no others', async () => {
    const slots = [
      aSlot({ ...claimed, state: 'STOPPED', taskArn: 'of before' }),
      aSlot({ ...claimed, taskArn: 'mine' }),
      aSlot({ ...claimed, claimedBy: `${DISPATCH_ID}-2`, taskArn: 'of the next attempt' }),
      aSlot({ taskArn: 'waits' }),
    ];
    const { state, collaborators } = world({ record: aRecord(PROVISIONING), tasks: [runs, byOutpost], slots });

    await settle(collaborators, REF, ended('FAILED'));

    expect(state.stops).toEqual(['mine execution FAILED']);
    expect(state.record?.status).toBe('FAILED');
  });

  /** A worker passes the start fence right after the record has been looked at so many times. */
  const begunAfterLooks = (looks: number, tasks: DescribedTask[]) => {
    const made = world({ record: aRecord(PROVISIONING), tasks, manifest: aManifest() });
    const { get } = made.collaborators.dispatches;
    let looked = 0;
    const dispatches = {
      ...made.collaborators.dispatches,
      get: async (dispatchId: string) => {
        const seen = await get(dispatchId);
        if (++looked === looks) made.state.record = aRecord(RUNNING);
        return seen;
      },
    };
    return { ...made, collaborators: { ...made.collaborators, dispatches } };
  };

  it.each([
    ['settle has read the record', 1],
    ['its stop has been mapped', 2],
  ])('stops an ECS task that passes the start fence after %s', async (_, looks) => {
    const { state, collaborators } = begunAfterLooks(looks, [runs, byOutpost]);

    await settle(collaborators, REF, ended('FAILED'));

    expect(state.stops).toEqual([`${TASK_ARN} execution FAILED`]);
    expect(state.record).toMatchObject({ status: 'FAILED', taskArn: TASK_ARN, output: { fileCount: 2 } });
    expect(state.events).toHaveLength(1);
  });
});
