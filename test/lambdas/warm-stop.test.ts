import { describe, expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { StopReport } from '../../core/workflow.ts';
import { mapStop } from '../../lambdas/shared/map-stop.ts';
import { readReport } from '../../lambdas/shared/stop-report.ts';
import { REF, RUNNING, world } from './ending-world.ts';
import { aRecord, aResult, NOW, TASK_ARN } from './records.ts';

const WAITING = { status: 'PROVISIONING' } as const;

/** What ECS says of a slot's ECS task, as its own execution hands it back. */
const ecs = (ExitCode?: number, StopCode = 'EssentialContainerExited', StoppedReason = '') => ({
  stop: {
    TaskArn: TASK_ARN,
    StopCode,
    StoppedReason,
    StoppedAt: 1_772_366_400_000,
    Containers: [{ Name: 'worker', ExitCode }],
  },
});
/** What a worker reports by itself. */
const worker = (exitCode: number) => ({ stop: { taskArn: TASK_ARN, containers: [{ name: 'worker', exitCode }] } });

const map = (fields: Partial<DispatchRecord>, report: object, result?: ReturnType<typeof aResult>) => {
  const { collaborators } = world({ record: aRecord(fields), ...(result ? { result } : {}) });
  return mapStop(collaborators, REF, readReport(StopReport.parse({ ...report, warm: true })));
};

describe('a warm run that stopped before the start fence', () => {
  it.each<[string, object]>([
    ['was killed', ecs(137)],
    ['lost its spot capacity', ecs(143, 'SpotInterruption', 'Your Spot Task was interrupted.')],
    ['was stopped by Outpost', ecs(143, 'UserInitiated', 'outpost:lost heartbeat')],
    ['was stopped by hand', ecs(143, 'UserInitiated', 'Task stopped by user')],
    ['drained itself', ecs(0)],
    ['was kept out by the fence', worker(75)],
    ['crashed', worker(1)],
    ['was handed back in words', { error: 'States.Timeout', cause: null }],
    ['was not seen to stop', { taskArn: TASK_ARN, timedOut: false }],
  ])('runs again where its slot %s', async (_, report) => {
    const mapped = await map(WAITING, report);

    expect(mapped.runAgain).toBe(true);
  });

  it.each<[string, Partial<DispatchRecord>, object, string]>([
    ['could not read its spec', WAITING, worker(65), 'FAILED'],
    ['ran out of its time', WAITING, { taskArn: TASK_ARN, timedOut: true, ...ecs(143) }, 'TIMEOUT'],
    ['was cancelled', { ...WAITING, cancelRequestedAt: NOW }, worker(75), 'CANCELLED'],
    ['was cancelled, and its slot killed', { ...WAITING, cancelRequestedAt: NOW }, ecs(137), 'CANCELLED'],
    ['was cancelled, and its slot drained', { ...WAITING, cancelRequestedAt: NOW }, ecs(0), 'CANCELLED'],
  ])('does not run again where it %s', async (_, fields, report, status) => {
    const mapped = await map(fields, report);

    expect(mapped).toMatchObject({ status, runAgain: false, reason: expect.any(String) });
  });
});

describe('a cold run whose worker exits 75 before the start fence', () => {
  const mapCold = (fields: Partial<DispatchRecord>) =>
    mapStop(world({ record: aRecord(fields) }).collaborators, REF, readReport(StopReport.parse(ecs(75))));

  it('runs again: the worker could not ask, for nothing else keeps it out', async () => {
    expect(await mapCold(WAITING)).toMatchObject({ runAgain: true });
  });

  it('does not run again where it was cancelled', async () => {
    expect(await mapCold({ ...WAITING, cancelRequestedAt: NOW })).toMatchObject({
      status: 'CANCELLED',
      runAgain: false,
    });
  });
});

describe('a warm run that had begun', () => {
  const begun = (...[report, result, fields = {}]: [object, ReturnType<typeof aResult>?, Partial<DispatchRecord>?]) =>
    map({ ...RUNNING, ...fields }, report, result);

  it("ends as its worker's own report says, before ECS has seen it stop", async () => {
    const ends = [await begun(worker(0), aResult()), await begun(worker(3), aResult({ exitCode: 3 }))];

    expect(ends).toMatchObject([
      { status: 'SUCCESS', exitCode: 0, taskArn: TASK_ARN, runAgain: false },
      { status: 'FAILED', exitCode: 3, reason: 'The agent exited with code 3.', runAgain: false },
    ]);
    expect(ends.map(({ stoppedAt, otherTaskArn }) => [stoppedAt, otherTaskArn])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it.each<[string, object, string, number | undefined]>([
    ['was killed', ecs(137), 'FAILED', 137],
    ['lost its spot capacity', ecs(143, 'SpotInterruption'), 'FAILED', 143],
    ['was stopped by hand', ecs(143, 'UserInitiated', 'by me'), 'CANCELLED', 143],
    [
      'lost its heartbeat',
      { taskArn: TASK_ARN, timedOut: false, ...ecs(143, 'UserInitiated', 'outpost:lost heartbeat') },
      'FAILED',
      143,
    ],
    [
      'ran out of its time',
      { taskArn: TASK_ARN, timedOut: true, ...ecs(143, 'UserInitiated', 'outpost:timeout') },
      'TIMEOUT',
      143,
    ],
    ['timed out by its own clock', worker(124), 'TIMEOUT', 124],
  ])('is never run twice where it %s', async (_, report, status, exitCode) => {
    const mapped = await begun(report);

    expect(mapped).toMatchObject({ status, exitCode, runAgain: false, taskArn: TASK_ARN });
  });

  it('names its ECS task to be stopped where the hand-back does not', async () => {
    const mapped = await begun({ error: 'States.Timeout', cause: 'RunSlot took too long.' });

    expect(mapped).toMatchObject({ otherTaskArn: TASK_ARN, runAgain: false });
  });
});

it('is cold where the report does not say otherwise, and then not run again for an exit code', async () => {
  const { collaborators } = world({ record: aRecord(WAITING) });

  const mapped = await mapStop(collaborators, REF, readReport(ecs(137)));

  expect(mapped).toMatchObject({ status: 'FAILED', exitCode: 137, runAgain: false });
});
