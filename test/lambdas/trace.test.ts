import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { expect, it } from 'vitest';
import { traceOf } from '../../lambdas/api/trace.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 2, 1, 12, 0, seconds));
const event = (seconds: number, type: string, details: object = {}): HistoryEvent =>
  ({ id: seconds, timestamp: at(seconds), type, ...details }) as HistoryEvent;
const entered = (seconds: number, type: string, name: string) =>
  event(seconds, `${type}StateEntered`, { stateEnteredEventDetails: { name } });
const exited = (seconds: number, type: string, name: string) =>
  event(seconds, `${type}StateExited`, { stateExitedEventDetails: { name } });

it('tells every visit of a state in order, with how long it took', () => {
  const trace = traceOf([
    event(0, 'ExecutionStarted'),
    entered(0, 'Task', 'Admit'),
    event(1, 'TaskSucceeded'),
    exited(2, 'Task', 'Admit'),
    entered(2, 'Wait', 'WaitToRunAgain'),
    exited(7, 'Wait', 'WaitToRunAgain'),
    entered(7, 'Task', 'Admit'),
  ]);

  expect(trace.status).toBe('running');
  expect(trace.states.map(({ name, type, durationMs }) => [name, type, durationMs])).toEqual([
    ['Admit', 'Task', 2_000],
    ['WaitToRunAgain', 'Wait', 5_000],
    ['Admit', 'Task', null],
  ]);
});

it('tells the error that a state was left with, and none that a retry overcame', () => {
  const failed = { taskFailedEventDetails: { error: 'States.TaskFailed', cause: 'x'.repeat(5_000) } };
  const trace = traceOf([
    entered(0, 'Task', 'Retried'),
    event(1, 'TaskFailed', failed),
    event(2, 'TaskSucceeded'),
    exited(3, 'Task', 'Retried'),
    entered(3, 'Task', 'Caught'),
    event(4, 'TaskFailed', failed),
    exited(4, 'Task', 'Caught'),
    entered(5, 'Fail', 'Failed'),
    event(5, 'ExecutionFailed', { executionFailedEventDetails: { error: 'Dispatch.Failed', cause: 'exit 3' } }),
  ]);

  expect(trace.status).toBe('failed');
  expect(trace.states.map(({ error }) => error)).toEqual([undefined, 'States.TaskFailed', 'Dispatch.Failed']);
  expect(trace.states[1]?.cause).toHaveLength(1_000);
  expect(trace.states[2]).toMatchObject({ cause: 'exit 3', durationMs: 0 });
});

it('tells of a stopped ECS task why it stopped, and not where in the network it ran', () => {
  const cause = JSON.stringify({
    Attachments: [{ Details: [{ Name: 'privateIPv4Address', Value: '10.0.0.7' }], Type: 'eni' }],
    StopCode: 'EssentialContainerExited',
    StoppedReason: 'Essential container in task exited',
  });

  const trace = traceOf([
    entered(0, 'Task', 'RunColdTask'),
    event(1, 'TaskFailed', { taskFailedEventDetails: { error: 'States.TaskFailed', cause } }),
    exited(1, 'Task', 'RunColdTask'),
  ]);

  expect(trace.states[0]).toMatchObject({ error: 'States.TaskFailed', cause: 'Essential container in task exited' });
});

it('tells of a function that failed what it said, and not where in our code', () => {
  const cause = JSON.stringify({ errorType: 'Error', errorMessage: 'No luck.', trace: ['at /var/task/index.mjs:1'] });

  const trace = traceOf([
    entered(0, 'Task', 'RecordOutcome'),
    event(1, 'TaskFailed', { taskFailedEventDetails: { error: 'Error', cause } }),
    exited(1, 'Task', 'RecordOutcome'),
  ]);

  expect(trace.states[0]).toMatchObject({ error: 'Error', cause: 'No luck.' });
});

it('leaves no state open in an execution that was aborted', () => {
  const trace = traceOf([entered(0, 'Task', 'RunColdTask'), event(9, 'ExecutionAborted')]);

  expect(trace).toMatchObject({ status: 'aborted', states: [{ name: 'RunColdTask', durationMs: 9_000 }] });
});
