import { describe, expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { collectOutput } from '../../lambdas/shared/collect-output.ts';
import { mapStop } from '../../lambdas/shared/map-stop.ts';
import { AttemptHasBegun, recordOutcome } from '../../lambdas/shared/record-outcome.ts';
import { readReport } from '../../lambdas/shared/stop-report.ts';
import { REF, RUNNING, stopped, type World, world } from './ending-world.ts';
import { aManifest, aRecord, aResult, DISPATCH_ID, NOW, TASK_ARN } from './records.ts';

const SUCCESS = { status: 'SUCCESS', exitCode: 0, taskArn: TASK_ARN } as const;

describe('a report of the state machine', () => {
  it('takes a Cause that is an ECS task for the stop', () => {
    const cause = JSON.stringify({ TaskArn: TASK_ARN, StopCode: 'EssentialContainerExited' });

    expect(readReport({ error: 'States.TaskFailed', cause }).stop).toMatchObject({ TaskArn: TASK_ARN });
  });

  it.each([
    ['words', 'ECS.ClusterNotFoundException', 'Cluster not found.', 'ECS.ClusterNotFoundException: Cluster not found.'],
    ['other JSON', 'AmazonECS.Unknown', '{"Failures":[]}', 'AmazonECS.Unknown: {"Failures":[]}'],
    ['broken JSON', 'E', '{"TaskArn":', 'E: {"TaskArn":'],
    ['nothing', 'States.Runtime', null, 'States.Runtime'],
  ])('takes an error whose Cause is %s for a failed start', (_, error, cause, stoppedReason) => {
    expect(readReport({ error, cause }).stop).toEqual({ stopCode: 'TaskFailedToStart', stoppedReason });
  });

  it('knows no stop where the time ran out before one was seen', () => {
    expect(readReport({ timedOut: true, stop: {} })).toEqual({ timedOut: true });
  });
});

describe('mapping a stop', () => {
  const failedStart = readReport({ error: 'AmazonECS.Unknown', cause: 'Capacity is unavailable.' });

  it.each<[string, Partial<DispatchRecord>, boolean]>([
    ['is still PENDING', { status: 'PENDING' }, true],
    ['is PROVISIONING', { status: 'PROVISIONING' }, true],
    ['has passed the fence', RUNNING, false],
    ['has ended', { status: 'FAILED' }, false],
    ['was cancelled', { status: 'PROVISIONING', cancelRequestedAt: NOW }, false],
    ['belongs to a later attempt', { status: 'PROVISIONING', attempt: 2 }, false],
  ])('after a failed start where the attempt %s', async (_, fields, runAgain) => {
    const mapped = await mapStop(world({ record: aRecord(fields) }).collaborators, REF, failedStart);

    expect(mapped.runAgain).toBe(runAgain);
    expect(mapped.reason).not.toBe('');
  });

  it('names the ECS task that runs the attempt, where it is not the one that stopped', async () => {
    const { collaborators } = world({ record: aRecord(RUNNING) });
    const second = { TaskArn: `${TASK_ARN}-2`, Containers: [{ Name: 'worker', ExitCode: 75 }] };

    const mapped = await mapStop(collaborators, REF, readReport({ stop: second }));
    const afterItsStop = await mapStop(collaborators, REF, readReport({ timedOut: false, taskArn: TASK_ARN }));
    const ofItself = await mapStop(collaborators, REF, readReport({ stop: { ...second, TaskArn: TASK_ARN } }));

    expect(mapped.otherTaskArn).toBe(TASK_ARN);
    expect([afterItsStop.otherTaskArn, ofItself.otherTaskArn]).toEqual([undefined, undefined]);
  });

  it('names the ECS task that has passed the start fence, and none that ECS has only told of', async () => {
    const stop = readReport({ stop: { TaskArn: TASK_ARN, StopCode: 'TaskFailedToStart' } });
    const noted = world({ record: aRecord({ status: 'PROVISIONING', taskArn: TASK_ARN }) });

    const ofNoted = await mapStop(noted.collaborators, REF, stop);
    const ofBegun = await mapStop(world({ record: aRecord(RUNNING) }).collaborators, REF, stop);

    expect([ofNoted.taskArn, ofBegun.taskArn]).toEqual([undefined, TASK_ARN]);
  });

  it('runs nothing again for a dispatch without a record', async () => {
    const mapped = await mapStop(world({}).collaborators, REF, failedStart);

    expect(mapped).toMatchObject({ status: 'FAILED', runAgain: false });
  });

  it("says the agent's own exit code and when ECS saw the stop", async () => {
    const { collaborators } = world({ record: aRecord(RUNNING), result: aResult({ exitCode: 124 }) });

    const mapped = await mapStop(collaborators, REF, {
      stop: stopped('EssentialContainerExited', 1).stop,
      timedOut: false,
    });

    expect(mapped).toMatchObject({ status: 'FAILED', exitCode: 124, stoppedAt: NOW, runAgain: false });
  });

  it.each(['EssentialContainerExited', 'UserInitiated'])(
    'says what the agent used, however it ended: %s',
    async (code) => {
      const usage = { inputTokens: 10, outputTokens: 3, costUsd: 0.5, turns: 2, model: 'm' };
      const { state, collaborators } = world({ record: aRecord(RUNNING), result: aResult({ exitCode: 1, usage }) });

      const { runAgain: _, ...outcome } = await mapStop(collaborators, REF, {
        stop: stopped(code, 1).stop,
        timedOut: false,
      });
      await recordOutcome(collaborators, REF, outcome, 'record-outcome');

      expect(state.record?.usage).toEqual(usage);
      expect(state.events).toEqual([expect.objectContaining({ usage })]);
    },
  );

  it('does not believe an exit code of 0 where no worker passed the fence', async () => {
    const { collaborators } = world({ record: aRecord({ status: 'PROVISIONING' }) });

    const mapped = await mapStop(collaborators, REF, {
      stop: stopped('EssentialContainerExited', 0).stop,
      timedOut: false,
    });

    expect(mapped).toMatchObject({ status: 'FAILED', reason: expect.stringContaining('without having begun') });
  });
});

describe('collecting the output', () => {
  it('enters COMPLETING and answers what was verified', async () => {
    const { state, collaborators } = world({ record: aRecord(RUNNING), manifest: aManifest() });

    const outcome = await collectOutput(collaborators, REF, SUCCESS);

    const output = { outputKey: `dispatches/${DISPATCH_ID}/1/`, fileCount: 2, totalBytes: 12 };
    expect(outcome).toEqual({ ...SUCCESS, output });
    expect(state.record?.status).toBe('COMPLETING');
  });

  it.each<[string, World, string]>([
    ['there is no manifest', {}, 'not in S3'],
    ['an object is missing', { manifest: aManifest(), sizes: { 'output.log': 10 } }, 'workspace.tar.gz is missing'],
    [
      'an object has another size',
      { manifest: aManifest(), sizes: { 'workspace.tar.gz': 99, 'output.log': 10 } },
      '99 bytes instead of 100',
    ],
    ['files have no archive', { manifest: aManifest({ objects: [] }) }, 'no workspace.tar.gz'],
    ['the manifest is of another attempt', { manifest: aManifest({ attempt: 2 }) }, 'another attempt'],
    ['no worker began', { record: aRecord({ status: 'PROVISIONING' }), manifest: aManifest() }, 'no longer running'],
  ])('turns SUCCESS into FAILED where %s', async (_, changes, reason) => {
    const { collaborators } = world({ record: aRecord(RUNNING), ...changes });

    const outcome = await collectOutput(collaborators, REF, SUCCESS);

    expect(outcome).toMatchObject({ status: 'FAILED', exitCode: 0, reason: expect.stringContaining(reason) });
    expect(outcome.output).toBeUndefined();
  });

  it('leaves a failure without output as it is, and gives one with output its output', async () => {
    const failure = { status: 'FAILED', exitCode: 3, reason: 'The agent exited with code 3.' } as const;
    const without = world({ record: aRecord(RUNNING) });
    const having = world({ record: aRecord(RUNNING), manifest: aManifest() });

    expect(await collectOutput(without.collaborators, REF, failure)).toEqual(failure);
    expect(await collectOutput(having.collaborators, REF, failure)).toMatchObject({
      ...failure,
      output: { fileCount: 2 },
    });
  });
});

describe('collecting the output of a worker that left checkpoints', () => {
  const LOST = { status: 'FAILED', exitCode: 137, reason: 'The container was killed.', taskArn: TASK_ARN } as const;
  const ARCHIVE = 'checkpoints/workspace-000002.tar.gz';
  const WORDS = `The output is the checkpoint of ${NOW}: what was written later is lost.`;
  const aCheckpoint = aManifest({
    files: [{ path: 'part.txt', type: 'file', size: 7, sha256: 'a'.repeat(64), object: ARCHIVE }],
    objects: [{ name: ARCHIVE, size: 100, sha256: 'a'.repeat(64) }],
    checkpoint: { takenAt: NOW, removed: [] },
  });
  const sizes = { 'workspace-000002.tar.gz': 100, 'workspace.tar.gz': 100, 'output.log': 10 };

  it('presents the last one, and says so', async () => {
    const { state, collaborators } = world({ record: aRecord(RUNNING), checkpoint: aCheckpoint, sizes });

    const outcome = await collectOutput(collaborators, REF, LOST);

    const output = { outputKey: `dispatches/${DISPATCH_ID}/1/`, fileCount: 1, totalBytes: 7, checkpointAt: NOW };
    expect(outcome).toEqual({ ...LOST, reason: `${LOST.reason} ${WORDS}`, output });
    expect(state.manifest).toEqual(aCheckpoint);
  });

  it('says the same when it is asked again', async () => {
    const { collaborators } = world({ record: aRecord(RUNNING), checkpoint: aCheckpoint, sizes });

    const first = await collectOutput(collaborators, REF, LOST);
    const second = await collectOutput(collaborators, REF, LOST);

    expect(second).toEqual(first);
  });

  it('takes none for a success', async () => {
    const { collaborators } = world({ record: aRecord(RUNNING), checkpoint: aCheckpoint, sizes });

    const outcome = await collectOutput(collaborators, REF, SUCCESS);

    const reason = `The agent finished, but its output is not in S3. ${WORDS}`;
    expect(outcome).toMatchObject({ status: 'FAILED', exitCode: 0, reason, output: { checkpointAt: NOW } });
  });

  it('leaves them alone where the worker has uploaded all', async () => {
    const { state, collaborators } = world({
      record: aRecord(RUNNING),
      manifest: aManifest(),
      checkpoint: aCheckpoint,
      sizes,
    });

    const outcome = await collectOutput(collaborators, REF, LOST);

    expect(outcome).toEqual({ ...LOST, output: expect.not.objectContaining({ checkpointAt: NOW }) });
    expect(state.manifest).toEqual(aManifest());
  });

  it.each([
    ['before its checkpoint was read', undefined],
    ['before the checkpoint could be presented', aCheckpoint],
  ])('lets a worker that was late win that put its manifest %s', async (_, checkpoint) => {
    const late = world({
      record: aRecord(RUNNING),
      lateManifest: aManifest(),
      ...(checkpoint && { checkpoint }),
      sizes,
    });

    const outcome = await collectOutput(late.collaborators, REF, LOST);

    expect(outcome.output).toMatchObject({ fileCount: 2 });
    expect(outcome.output?.checkpointAt).toBeUndefined();
  });

  it.each([
    ['its archive is missing', { sizes: {} }, `is incomplete: ${ARCHIVE} is missing`],
    ['files lie in an archive that it does not name', { checkpoint: { ...aCheckpoint, objects: [] } }, `no ${ARCHIVE}`],
  ])('says what is wrong where %s', async (_, changes, fault) => {
    const { collaborators } = world({ record: aRecord(RUNNING), checkpoint: aCheckpoint, sizes, ...changes });

    const outcome = await collectOutput(collaborators, REF, LOST);

    expect(outcome).toMatchObject({ status: 'FAILED', reason: expect.stringContaining(fault) });
    expect(outcome.output).toBeUndefined();
  });
});

describe('recording an outcome', () => {
  const failure = { status: 'FAILED', reason: 'The agent exited with code 3.' } as const;

  it('ends the attempt, frees the place, publishes and counts; repeats add nothing', async () => {
    const { state, collaborators } = world({ record: aRecord({ ...RUNNING, status: 'COMPLETING' }) });

    const first = await recordOutcome(collaborators, REF, SUCCESS, 'record-outcome');
    const second = await recordOutcome(collaborators, REF, failure, 'record-outcome');

    expect([first.status, second.status]).toEqual(['SUCCESS', 'SUCCESS']);
    expect(state.events).toEqual([
      expect.objectContaining({ eventId: `${DISPATCH_ID}-1-ended`, status: 'SUCCESS', exitCode: 0, endedAt: NOW }),
    ]);
    expect(state.counted).toEqual(['ended SUCCESS']);
    expect(state.freed).toContain(`acme ${DISPATCH_ID}-1`);
  });

  it('publishes what an earlier try had written but not published', async () => {
    const { state, collaborators } = world({ record: aRecord({ status: 'TIMEOUT', endedAt: NOW, reason: 'late' }) });

    const recorded = await recordOutcome(collaborators, REF, failure, 'record-outcome');

    expect(recorded).toEqual({ status: 'TIMEOUT', reason: 'late' });
    expect(state.events).toHaveLength(1);
  });

  it('frees the place of an attempt that a later one took over, and touches nothing of that', async () => {
    const record = aRecord({ ...RUNNING, attempt: 2 });
    const { state, collaborators } = world({ record });

    const recorded = await recordOutcome(collaborators, REF, failure, 'record-outcome');

    expect(recorded).toMatchObject({ status: 'FAILED', reason: expect.stringContaining('later attempt (2)') });
    expect([state.record, state.freed, state.events]).toEqual([record, [`acme ${DISPATCH_ID}-1`], []]);
  });

  it('ends nothing that was begun after the outcome was formed, and frees nothing', async () => {
    const record = aRecord(RUNNING);
    const { state, collaborators } = world({ record });

    const recording = recordOutcome(collaborators, REF, failure, 'record-outcome');

    await expect(recording).rejects.toThrow(AttemptHasBegun);
    expect([state.record, state.freed, state.events]).toEqual([record, [], []]);
  });

  it('takes an ECS task that ECS has only told of for nobody who has begun', async () => {
    const { state, collaborators } = world({ record: aRecord({ status: 'PROVISIONING', taskArn: TASK_ARN }) });

    const recorded = await recordOutcome(collaborators, REF, { status: 'SUCCESS' }, 'record-outcome');

    expect([recorded.status, state.record?.status]).toEqual(['FAILED', 'FAILED']);
  });

  it.each(['FAILED', 'TIMEOUT'] as const)(
    'ends as CANCELLED what was cancelled after %s was formed',
    async (status) => {
      const cancelled = aRecord({ ...RUNNING, cancelRequestedAt: NOW });
      const { collaborators, state } = world({ record: cancelled });

      const recorded = await recordOutcome(
        collaborators,
        REF,
        { status, taskArn: TASK_ARN, exitCode: 1 },
        'record-outcome',
      );

      expect(recorded).toEqual({ status: 'CANCELLED', reason: 'Cancelled on request.' });
      expect(state.record).toMatchObject({ status: 'CANCELLED', exitCode: 1 });
      expect(state.events).toMatchObject([{ status: 'CANCELLED' }]);
    },
  );

  it('ends as FAILED what cannot end as SUCCESS, and answers FAILED where there is no record', async () => {
    const refused = world({ record: aRecord({ status: 'PROVISIONING' }) });

    const recorded = await recordOutcome(refused.collaborators, REF, { status: 'SUCCESS' }, 'record-outcome');
    const unknown = await recordOutcome(world({}).collaborators, REF, failure, 'record-outcome');

    expect([recorded.status, unknown.status]).toEqual(['FAILED', 'FAILED']);
    expect(refused.state.record?.status).toBe('FAILED');
  });
});
