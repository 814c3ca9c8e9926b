import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TERMINAL_STATUSES } from '../../core/dispatch-status.ts';
import type { EcsStop } from '../../core/ecs-stop.ts';
import { WORKER_EXIT } from '../../core/exit-codes.ts';
import { mapStopReason, type StopIntent } from '../../core/stop-reason.ts';
import { ENDED_BY, type WorkerResult } from '../../core/worker-result.ts';

const NONE: StopIntent = {};

function exited(exitCode: number, more: Partial<EcsStop> = {}): EcsStop {
  return {
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    containers: [{ name: 'worker', exitCode }],
    ...more,
  };
}

function result(more: Partial<WorkerResult>): WorkerResult {
  return {
    version: 1,
    dispatchId: '01J9ZK6W3N8R5T7V9X1Y3Z5A7B',
    attempt: 1,
    endedBy: 'agent',
    endedAt: '2026-01-01T00:00:00.000Z',
    ...more,
  };
}

describe('mapStopReason', () => {
  it.each<[string, EcsStop | undefined, StopIntent, WorkerResult | undefined, object]>([
    ['exit 0', exited(0), NONE, undefined, { status: 'SUCCESS', exitCode: 0 }],
    ['exit 3', exited(3), NONE, undefined, { status: 'FAILED', exitCode: 3 }],
    ['exit 137', exited(137), NONE, undefined, { status: 'FAILED', exitCode: 137 }],
    ['exit 124 of the worker', exited(124), NONE, undefined, { status: 'TIMEOUT', exitCode: 124 }],
    [
      'an agent that exits 124 by itself',
      exited(1),
      NONE,
      result({ exitCode: 124 }),
      { status: 'FAILED', exitCode: 124 },
    ],
    [
      'an agent that exits 143 by itself',
      exited(1),
      NONE,
      result({ exitCode: 143 }),
      { status: 'FAILED', exitCode: 143 },
    ],
    [
      'a worker that says timed out',
      exited(1),
      NONE,
      result({ endedBy: 'timeout', exitCode: 137 }),
      { status: 'TIMEOUT', exitCode: 137 },
    ],
    ['a run state that timed out', undefined, { timedOut: true }, undefined, { status: 'TIMEOUT' }],
    [
      'a cancel',
      exited(143),
      { cancelRequested: true },
      result({ endedBy: 'stop', exitCode: 143 }),
      { status: 'CANCELLED', exitCode: 143 },
    ],
    ['a cancel before any stop', undefined, { cancelRequested: true }, undefined, { status: 'CANCELLED' }],
    ['a cancel after exit 0', exited(0), { cancelRequested: true }, undefined, { status: 'SUCCESS', exitCode: 0 }],
    [
      'a cancel that beats the timeout',
      exited(124),
      { cancelRequested: true, timedOut: true },
      undefined,
      { status: 'CANCELLED', exitCode: 124 },
    ],
    [
      'a stop by hand',
      exited(143, { stopCode: 'UserInitiated', stoppedReason: 'by hand' }),
      NONE,
      undefined,
      { status: 'CANCELLED', exitCode: 143 },
    ],
    [
      'a stop of ours',
      exited(143, { stopCode: 'UserInitiated', stoppedReason: 'outpost:sweep' }),
      NONE,
      undefined,
      { status: 'FAILED', exitCode: 143 },
    ],
    [
      'a stop of ours after exit 0',
      exited(0, { stopCode: 'UserInitiated', stoppedReason: 'outpost:sweep' }),
      NONE,
      undefined,
      { status: 'SUCCESS', exitCode: 0 },
    ],
    ['no facts but the words', { stoppedReason: 'Task timed out waiting' }, NONE, undefined, { status: 'TIMEOUT' }],
    ['no facts at all', undefined, NONE, undefined, { status: 'FAILED' }],
    ['no facts but a result of 0', undefined, NONE, result({ exitCode: 0 }), { status: 'SUCCESS', exitCode: 0 }],
  ])('maps %s', (_what, stop, intent, workerResult, expected) => {
    const outcome = mapStopReason(stop, intent, workerResult);

    expect(outcome).toMatchObject(expected);
    expect(outcome.runAgain).toBeUndefined();
  });

  it.each(['TaskFailedToStart', 'SpotInterruption', 'TerminationNotice'])('runs again after %s', (stopCode) => {
    const outcome = mapStopReason({ stopCode, stoppedReason: 'no capacity' }, NONE);

    expect(outcome).toMatchObject({ status: 'FAILED', runAgain: true, reason: expect.stringContaining('no capacity') });
  });

  it('blames the ECS task, not the agent, where the agent had finished before the run state timed out', () => {
    const finished = result({ exitCode: 0 });

    const outcome = mapStopReason(undefined, { timedOut: true }, finished);

    expect(outcome).toMatchObject({ status: 'TIMEOUT', reason: expect.stringMatching(/agent finished.*ECS task/) });
  });

  it('tells with the exit code of an agent what its CLI says', () => {
    const failed = result({ exitCode: 2, reason: 'Not logged in · Please run /login' });

    const outcomes = [
      mapStopReason(exited(2), NONE, failed),
      mapStopReason(exited(2), NONE, result({ exitCode: 2 })),
      mapStopReason(exited(WORKER_EXIT.uploadFailed), NONE, failed),
    ];

    expect(outcomes.map(({ reason }) => reason)).toEqual([
      'The agent exited with code 2: Not logged in · Please run /login.',
      'The agent exited with code 2.',
      'The output could not be uploaded to S3 (exit 74).',
    ]);
  });

  it('does not take a worker that failed for an agent that did', () => {
    const failed = result({ endedBy: 'worker', reason: 'ENOSPC: no space left on device' });

    const outcomes = [mapStopReason(exited(1), NONE, failed), mapStopReason(exited(134), NONE)];

    expect(outcomes.map(({ reason }) => reason)).toEqual([
      'ENOSPC: no space left on device.',
      'The container exited with code 134.',
    ]);
  });

  it('does not take an exit code of 0 for success where the worker says that the agent did nothing', () => {
    const inVain = result({ endedBy: 'worker', exitCode: 0, reason: 'No model has answered.' });

    const outcomes = [mapStopReason(exited(1), NONE, inVain), mapStopReason({}, NONE, inVain)];

    expect(outcomes).toEqual([
      { status: 'FAILED', exitCode: 0, reason: 'No model has answered.' },
      { status: 'FAILED', exitCode: 0, reason: expect.stringContaining('No model has answered.') },
    ]);
  });

  it('takes a pull that timed out for a failed start, not for a timeout', () => {
    const stop = { stopCode: 'TaskFailedToStart', stoppedReason: 'CannotPullContainerError: request timed out' };

    expect(mapStopReason(stop, NONE)).toMatchObject({ status: 'FAILED', runAgain: true });
  });

  it('does not run again where the worker left a result', () => {
    const outcome = mapStopReason({ stopCode: 'SpotInterruption' }, NONE, result({ endedBy: 'stop' }));

    expect(outcome).toEqual({ status: 'FAILED', reason: 'The ECS task lost its spot capacity.' });
  });

  it('listens to the container called worker and not to a sidecar', () => {
    const stop = exited(0, {
      containers: [
        { name: 'proxy', exitCode: 1 },
        { name: 'worker', exitCode: 0 },
      ],
    });

    expect(mapStopReason(stop, NONE).status).toBe('SUCCESS');
  });

  it('listens to a single container whatever its name', () => {
    expect(mapStopReason(exited(0, { containers: [{ name: 'main', exitCode: 0 }] }), NONE).status).toBe('SUCCESS');
  });

  it('tells what ECS says of a container that ran out of memory', () => {
    const containers = [
      { name: 'worker', exitCode: 137, reason: 'OutOfMemoryError: container killed due to memory usage' },
    ];

    expect(mapStopReason(exited(137, { containers }), NONE).reason).toContain('OutOfMemoryError');
  });

  it('gives every status but SUCCESS a reason, for any input, in either casing alike', () => {
    fc.assert(
      fc.property(anyStop, anyIntent, fc.option(anyResult, { nil: undefined }), (stop, intent, workerResult) => {
        const outcome = mapStopReason(stop, intent, workerResult);

        expect(TERMINAL_STATUSES).toContain(outcome.status);
        if (outcome.status !== 'SUCCESS') expect(outcome.reason).toMatch(/\S/);
        expect(mapStopReason(pascalCase(stop) as EcsStop, intent, workerResult)).toEqual(outcome);
      }),
    );
  });

  it('answers for whatever a Cause may hold', () => {
    fc.assert(
      fc.property(fc.anything(), (stop) => {
        expect(TERMINAL_STATUSES).toContain(mapStopReason(stop as EcsStop, NONE).status);
      }),
    );
  });

  it('never calls a cancelled attempt anything but CANCELLED or SUCCESS', () => {
    fc.assert(
      fc.property(anyStop, fc.option(anyResult, { nil: undefined }), (stop, workerResult) => {
        expect(['CANCELLED', 'SUCCESS']).toContain(mapStopReason(stop, { cancelRequested: true }, workerResult).status);
      }),
    );
  });
});

const words = fc.constantFrom('', 'outpost:cancel', 'timed out', 'Essential container in task exited', 'by hand');
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const anyStop = fc.record(
  {
    stopCode: fc.constantFrom(
      'EssentialContainerExited',
      'UserInitiated',
      'TaskFailedToStart',
      'SpotInterruption',
      'x',
    ),
    stoppedReason: words,
    stoppedAt: fc.constantFrom('2026-01-01T00:00:00Z', 1_767_225_600, 1_767_225_600_000),
    containers: fc.array(
      fc.record(
        { name: fc.constantFrom('worker', 'main'), exitCode: fc.integer({ min: 0, max: 255 }), reason: words },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<EcsStop>;
const anyIntent = fc.record(
  { cancelRequested: fc.boolean(), timedOut: fc.boolean() },
  { requiredKeys: [] },
) as fc.Arbitrary<StopIntent>;
const anyResult = fc
  .record({
    endedBy: fc.constantFrom(...ENDED_BY),
    exitCode: maybe(fc.integer({ min: 0, max: 255 })),
    reason: maybe(words),
  })
  .map((parts) => result(Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined))));

function pascalCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pascalCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.charAt(0).toUpperCase() + key.slice(1), pascalCase(inner)]),
  );
}
