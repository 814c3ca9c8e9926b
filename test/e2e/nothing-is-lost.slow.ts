import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../chaos/evidence/journals.ts';
import { eventually } from './harness.ts';
import { bootWithHands, executionEnded, type Hands, killWorker, taskStopped } from './nothing-is-lost-hands.ts';

/** Of a sweep: what is older than a minute, or closed for half of one, is somebody's to look after. */
const A_MINUTE_LATER = 65;
const WITH_OUTPUT = { output: { fileCount: 1 } };

/** One boot for a few tests. */
function useHands(boot: () => Promise<Hands>): { readonly hands: Hands } {
  let hands: Hands | undefined;
  beforeAll(async () => {
    hands = await boot();
  });
  afterAll(() => hands?.close());
  return {
    get hands() {
      if (!hands) throw new Error('Outpost is not there yet.');
      return hands;
    },
  };
}

/** By these, a dispatch is known to the fault plan: an execution's input, an outcome and an ended event hold them. */
const NEVER_STARTED = 77;
const NEVER_RECORDED = 34;
const NEVER_ANNOUNCED = 33;
/** More than one part of an upload. */
const MUCH_OUTPUT = 'head -c 9000000 /dev/urandom > much.bin';

const UNHEARD = { failBefore: 1, persist: 1, caller: 'function' } as const;

describe.concurrent('where AWS tells of everything', () => {
  const outpost = useHands(() =>
    bootWithHands(
      {
        calls: [
          { ...UNHEARD, who: '/outpost-record-outcome', operation: 'UpdateItem', containing: `"${NEVER_RECORDED}"` },
          { caller: 'worker', operation: 'CreateMultipartUpload', failBefore: 1, persist: 1 },
        ],
        functions: [{ name: 'replay', invocation: 'async', killBefore: 1 }],
      },
      { asyncRetryAfterMs: [50, 50] },
    ),
  );

  it('the same request twice, or at once', async () => {
    const { call, ended, published } = outpost.hands;
    const body = { agent: 'shell', task: 'true' };
    const headers = { 'idempotency-key': `key-${process.pid}` };
    const post = (more = {}) => call('POST', '/dispatch', { ...body, ...more }, headers);

    const atOnce = await Promise.all([post(), post(), post(), post()]);
    const later = await post();
    const other = await post({ task: 'false' });

    const accepted = [...atOnce, later].filter(({ status }) => status === 202);
    const ids = new Set(accepted.map(({ body }) => body.data.dispatchId));
    const refused = atOnce.filter(({ status }) => status !== 202).map(({ status, body }) => [status, body.error.code]);
    const id = later.body.data.dispatchId;
    expect([...ids]).toEqual([id]);
    for (const one of refused) expect(one).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
    expect([other.status, other.body.error.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
    expect(await ended(id)).toMatchObject({ status: 'success', attempt: 1 });
    expect(new Set((await published(id, 'Dispatch Requested')).map(({ detail }) => detail.eventId)).size).toBe(1);
  });

  it('execution ends (FAILED, TIMED_OUT, ABORTED) before the outcome: ABORTED', async () => {
    const { longTask, stopExecution, ended, record } = outpost.hands;
    const id = await longTask();

    await stopExecution(id);

    const view = await ended(id, 20_000);
    expect(view).toMatchObject({ ...WITH_OUTPUT, status: 'failed', reason: expect.stringContaining('was stopped') });
    expect((await record(id)).outcomeId).toBe(`${id}-1:settle`);
  });

  it('execution ends (FAILED, TIMED_OUT, ABORTED) before the outcome: FAILED', { timeout: 90_000 }, async () => {
    const { shell, ended, record, executionStatus } = outpost.hands;

    const id = await shell(`echo some > part.txt; exit ${NEVER_RECORDED}`);

    const view = await ended(id, 80_000);
    expect(view).toMatchObject({ ...WITH_OUTPUT, status: 'failed', exitCode: NEVER_RECORDED });
    expect([await executionStatus(id), (await record(id)).outcomeId]).toEqual(['FAILED', `${id}-1:settle`]);
  });

  it('events twice, late, or out of order', async () => {
    const { longTask, stopExecution, ended, record, call, recordWhen, invoke, published } = outpost.hands;
    const id = await longTask();
    await stopExecution(id);
    const first = await recordWhen(id, ({ publishedAt }) => publishedAt !== undefined);
    await invoke('settle', executionEnded(id, 'ABORTED'));
    const replayed = await call('POST', `/dispatch/${id}/replay`);
    const running = await recordWhen(id, ({ attempt, status }) => attempt === 2 && status === 'RUNNING');

    await invoke('settle', executionEnded(id, 'FAILED'));
    await invoke('track-ecs', taskStopped(first));
    await invoke('track-ecs', taskStopped(first));

    expect(replayed.status).toBe(202);
    expect(await record(id)).toEqual(running);
    await call('DELETE', `/dispatch/${id}`);
    expect(await ended(id)).toMatchObject({ status: 'cancelled', attempt: 2 });
    await recordWhen(id, ({ attempt, publishedAt }) => attempt === 2 && publishedAt !== undefined);
    // Two who settle an attempt at once may both announce it: the event is the same, and its id says so.
    const ends = new Set((await published(id, 'Dispatch Ended')).map(({ detail }) => detail.eventId));
    expect([...ends]).toEqual([`${id}-1-ended`, `${id}-2-ended`]);
  });

  it('worker killed', async () => {
    const { longTask, ended, executionStatus, call, checkpointOf, putTogether } = outpost.hands;
    const id = await longTask();
    const { takenAt } = await checkpointOf(id, 'part.txt');

    killWorker(id);

    const view = await ended(id, 20_000);
    expect(view).toMatchObject({
      ...WITH_OUTPUT,
      status: 'failed',
      exitCode: 137,
      output: { checkpointAt: expect.any(String) },
    });
    const { checkpointAt } = view.output;
    expect(Date.parse(checkpointAt)).toBeGreaterThanOrEqual(Date.parse(takenAt));
    expect(view.reason).toContain(`The output is the checkpoint of ${checkpointAt}`);
    const { body } = await call('GET', `/artifacts/${id}`);
    expect(body.data).toMatchObject({ checkpointAt, files: [{ path: 'part.txt', size: 5 }] });
    expect(readFileSync(join(await putTogether(id), 'part.txt'), 'utf8')).toBe('some\n');
    await eventually(
      () => executionStatus(id),
      (status) => status === 'FAILED',
      20_000,
    );
  });

  it('upload fails', async () => {
    const { shell, ended, folder } = outpost.hands;

    const id = await shell(MUCH_OUTPUT);

    const view = await ended(id, 50_000);
    expect(view).toMatchObject({ status: 'failed', reason: expect.stringContaining('could not be uploaded') });
    expect(view).not.toHaveProperty('output');
    const tries = readJournal(folder, 'faults').filter(({ point, ids }) => point === 'call' && ids.includes(id));
    expect(tries.length).toBeGreaterThanOrEqual(3);
  });

  it('a target Lambda fails', async () => {
    const { shell, ended, askForReplay, deadLetter, record, invoke, recordWhen, folder } = outpost.hands;
    const id = await shell('exit 1');
    await ended(id);

    await askForReplay(id, 1);

    const letter = await deadLetter('replay', id);
    const deaths = readJournal(folder, 'faults').filter(({ point, ids }) => point === 'function' && ids.includes(id));
    expect(deaths.map(({ fault }) => fault)).toEqual(['killBefore', 'killBefore', 'killBefore']);
    expect((await record(id)).attempt).toBe(1);
    await invoke('replay', JSON.parse(letter));
    await recordWhen(id, ({ attempt, publishedAt }) => attempt === 2 && publishedAt !== undefined);
  });

  it('cancel at any status', async () => {
    const { shell, longTask, call, ended } = outpost.hands;
    const running = await longTask();
    const early = await shell('echo ran > ran.txt');
    const cancel = (id: string) => call('DELETE', `/dispatch/${id}`);

    const asked = [await cancel(early), await cancel(running)];
    const again = [await cancel(early), await cancel(running)];
    const ends = [await ended(early), await ended(running)];
    const afterwards = [await cancel(early), await cancel(running)];

    expect(asked.map(({ status }) => status)).toEqual([202, 202]);
    for (const { status } of again) expect([200, 202]).toContain(status);
    expect(ends[0]).toMatchObject({ status: 'cancelled' });
    expect(ends[1]).toMatchObject({ ...WITH_OUTPUT, status: 'cancelled' });
    expect(afterwards.map(({ status, body }) => [status, body.data.status])).toEqual([
      [200, 'cancelled'],
      [200, 'cancelled'],
    ]);
  });
});

describe.concurrent('where no event of AWS arrives', () => {
  const outpost = useHands(() =>
    bootWithHands({
      events: [
        { rule: 'execution-ended', drop: 1 },
        { rule: 'ecs-task-changed', drop: 1 },
      ],
      calls: [
        { ...UNHEARD, who: '/outpost-api', operation: 'StartExecution', containing: `Seconds\\":${NEVER_STARTED}` },
        {
          ...UNHEARD,
          who: '/outpost-record-outcome',
          operation: 'PutEvents',
          containing: `exitCode\\":${NEVER_ANNOUNCED}`,
        },
      ],
    }),
  );

  it('record written, execution never started', async () => {
    const { call, sweepLater, ended, record, executionStatus } = outpost.hands;
    const headers = { 'idempotency-key': `never-started-${process.pid}` };
    const body = { agent: 'shell', task: 'echo some > some.txt', timeoutSeconds: NEVER_STARTED };
    const { status } = await call('POST', '/dispatch', body, headers);
    const id = neverStarted(outpost.hands);
    const before = [(await record(id)).status, await executionStatus(id)];

    await sweepLater(A_MINUTE_LATER);

    expect(status).toBe(500);
    expect(before).toEqual(['PENDING', 'absent']);
    expect(await ended(id)).toMatchObject({ ...WITH_OUTPUT, status: 'success', attempt: 1 });
  });

  // An execution's own time is two days: it is stopped, of which nobody hears, and its event is made by hand.
  it('execution ends (FAILED, TIMED_OUT, ABORTED) before the outcome: TIMED_OUT', async () => {
    const { longTask, stopExecution, invoke, ended, record } = outpost.hands;
    const id = await longTask();
    await stopExecution(id);

    await invoke('settle', executionEnded(id, 'TIMED_OUT'));

    const view = await ended(id);
    expect(view).toMatchObject({ ...WITH_OUTPUT, status: 'timeout', reason: expect.stringContaining('of its time') });
    expect((await record(id)).outcomeId).toBe(`${id}-1:settle`);
  });

  it('events lost', async () => {
    const { longTask, stopExecution, sweepLater, ended, record, executionStatus } = outpost.hands;
    const id = await longTask();
    await stopExecution(id);
    const before = [await executionStatus(id), (await record(id)).status];

    await sweepLater(A_MINUTE_LATER);

    expect(before).toEqual(['ABORTED', 'RUNNING']);
    const view = await ended(id, 20_000);
    expect(view).toMatchObject({ ...WITH_OUTPUT, status: 'failed', reason: expect.stringContaining('was stopped') });
  });

  it('outcome written, event not published', async () => {
    const { shell, recordWhen, published, sweepLater } = outpost.hands;
    const id = await shell(`exit ${NEVER_ANNOUNCED}`);
    const written = await recordWhen(id, ({ status }) => status === 'FAILED');
    const before = await published(id, 'Dispatch Ended');

    await sweepLater(A_MINUTE_LATER);

    expect([written.publishedAt, written.unpublished, before]).toEqual([undefined, 'yes', []]);
    const noted = await recordWhen(id, ({ publishedAt }) => publishedAt !== undefined);
    const [event] = await published(id, 'Dispatch Ended');
    expect(noted).not.toHaveProperty('unpublished');
    expect(event?.detail).toMatchObject({ eventId: `${id}-1-ended`, status: 'FAILED', exitCode: NEVER_ANNOUNCED });
  });
});

/** The dispatch whose execution could not be started: its post failed, so that nobody was told its id. */
function neverStarted({ folder }: Hands): string {
  const faults = readJournal(folder, 'faults').filter(({ call }) => call === 'states.StartExecution');
  const [id] = faults.flatMap(({ ids }) => ids);
  if (!id) throw new Error('Every execution was started.');
  return id;
}

describe('where ECS loses capacity, and nobody hears of the ends of executions', () => {
  // By this seed the first RunTask finds no capacity, and of the ECS tasks the first one is interrupted.
  const seed = 54;
  const beforeItBegins = { call: { operation: 'GetObject', effect: 'before' } } as const;
  const outpost = useHands(() =>
    bootWithHands(
      {
        events: [{ rule: 'execution-ended', drop: 1 }],
        tasks: [{ given: 'DISPATCH_ID', noCapacity: 0.5, interrupt: 0.5, moments: [beforeItBegins] }],
      },
      { seed },
    ),
  );

  it('capacity or spot loss before the agent began', async () => {
    const { shell, ended, folder, call } = outpost.hands;

    const id = await shell('echo some > some.txt');

    expect(await ended(id, 60_000)).toMatchObject({ ...WITH_OUTPUT, status: 'success', attempt: 1, startedOn: 'cold' });
    const faults = readJournal(folder, 'faults').filter(({ ids }) => ids.includes(id));
    expect(faults.map(({ fault }) => fault)).toEqual(['noCapacity', 'interrupt']);
    const { body } = await call('GET', `/dispatch/${id}/trace`);
    expect(body.data.states.filter(({ name }: { name: string }) => name === 'RunColdTask')).toHaveLength(2);
  });

  it('ECS STOPPED event, no living execution', async () => {
    const { longTask, stopExecution, ended, record } = outpost.hands;
    const id = await longTask();

    await stopExecution(id);

    const view = await ended(id, 20_000);
    expect(view).toMatchObject({ ...WITH_OUTPUT, status: 'failed', reason: expect.stringContaining('was stopped') });
    expect((await record(id)).outcomeId).toBe(`${id}-1:settle`);
  });
});
