import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { attemptName } from '../../core/ids.ts';
import type { DescribedTask } from '../../lambdas/shared/ecs-tasks.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { stopped } from './ending-world.ts';
import { NOW, TASK_ARN } from './records.ts';
import { ago, aSweepWorld, closed, MINUTE, NONE, SECOND } from './sweep-world.ts';

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

const RUNNING = { status: 'RUNNING', taskArn: TASK_ARN, startedAt: ago(10 * MINUTE) } as const;
const LIVING = [
  ['PROVISIONING', { status: 'PROVISIONING' }],
  ['RUNNING', RUNNING],
  ['COMPLETING', { ...RUNNING, status: 'COMPLETING' }],
] as const;
const ENDED = { ...RUNNING, status: 'SUCCESS', endedAt: ago(2 * MINUTE), unpublished: 'yes' } as const;

describe('a sweep of attempts that wait to begin', () => {
  it('starts one without an execution, and publishes its request before that, by the same id', async () => {
    const world = await aSweepWorld(database.client);
    const record = await world.given({ createdAt: ago(31 * SECOND) });
    const order: string[] = [];

    const swept = await world.sweep({
      events: { ...world.collaborators.events, requested: async ({ eventId }) => void order.push(eventId) },
      executions: { ...world.executions, start: async (input) => void order.push(JSON.stringify(input)) },
    });

    const { dispatchId, attempt, tenantId, agent, timeoutSeconds } = record;
    expect(order).toEqual([
      `${dispatchId}-1-requested`,
      JSON.stringify({ dispatchId, attempt, tenantId, agent, timeoutSeconds }),
    ]);
    expect(swept.repairs).toEqual({ ...NONE, started: 1 });
  });

  it('starts a replay that was asked for half a minute ago, and none that was asked for just now', async () => {
    const world = await aSweepWorld(database.client);
    const old = { createdAt: ago(600 * MINUTE), attempt: 3 };
    const lost = await world.given({ ...old, attemptedAt: ago(31 * SECOND) });
    await world.given({ ...old, attemptedAt: ago(29 * SECOND) });

    await world.sweep();

    expect(world.executions.starts).toEqual([attemptName(lost)]);
    expect(world.requested).toMatchObject([{ attempt: 3, requestedAt: lost.attemptedAt }]);
  });

  it('leaves alone what was posted just now, and what has an execution that runs', async () => {
    const world = await aSweepWorld(database.client);
    await world.given({ createdAt: ago(29 * SECOND) });
    world.executions.set(await world.given(), { status: 'running' });

    const swept = await world.sweep();

    expect([world.executions.starts, world.settles]).toEqual([[], []]);
    expect(swept).toEqual({ looked: 0, repairs: NONE });
  });

  it('settles one whose execution has closed', async () => {
    const world = await aSweepWorld(database.client);
    const record = await world.given();
    world.executions.set(record, closed('ABORTED'));

    const swept = await world.sweep();

    expect(world.settles).toEqual([{ name: attemptName(record), why: 'it ended ABORTED' }]);
    expect([world.executions.starts, swept.repairs]).toEqual([[], { ...NONE, settled: 1 }]);
  });
});

describe.each(LIVING)('a sweep of an attempt that is %s', (_, fields) => {
  it.each([
    ['has closed', closed('FAILED'), 'it ended FAILED'],
    ['is not there', { status: 'absent' } as const, 'Step Functions does not know it'],
  ])('settles it where its execution %s', async (_how, execution, why) => {
    const world = await aSweepWorld(database.client);
    const record = await world.given({ ...fields, updatedAt: ago(31 * SECOND) });
    world.executions.set(record, execution);

    const swept = await world.sweep();

    expect(world.settles).toEqual([{ name: attemptName(record), why }]);
    expect([world.executions.starts, swept.repairs]).toEqual([[], { ...NONE, settled: 1 }]);
  });

  it.each([
    ['a moment ago', 0, 0],
    ['not three and a half minutes ago', 210 * SECOND - 1, 0],
    ['three and a half minutes ago', 210 * SECOND, 1],
  ])('asks for no other settle where one has begun %s', async (_, age, settled) => {
    const world = await aSweepWorld(database.client);
    const record = await world.given({ ...fields, settlingAt: ago(age) });
    world.executions.set(record, closed('ABORTED'));

    const swept = await world.sweep();

    expect(swept.repairs).toEqual({ ...NONE, settled });
    expect(world.settles).toHaveLength(settled);
  });

  it('asks for no settle where one begins while its execution is asked for', async () => {
    const world = await aSweepWorld(database.client);
    const record = await world.given(fields);

    await world.sweep({
      executions: {
        ...world.executions,
        describe: async () => {
          await world.dispatches.noteSettling(record, NOW);
          return closed('ABORTED');
        },
      },
    });

    expect(world.settles).toEqual([]);
  });

  it('leaves it alone while its execution runs, though the list does not know it yet', async () => {
    const world = await aSweepWorld(database.client);
    const record = await world.given(fields);
    world.executions.set(record, { status: 'running' });

    await world.sweep({ executions: { ...world.executions, running: async () => new Set() } });

    expect([world.executions.described, world.settles]).toEqual([[attemptName(record)], []]);
  });

  it('leaves it alone while something was heard of it of late, or its execution closed just now', async () => {
    const world = await aSweepWorld(database.client);
    const quick = await world.given({ ...fields, updatedAt: ago(29 * SECOND) });
    const fresh = await world.given(fields);
    world.executions.set(quick, closed('ABORTED'));
    world.executions.set(fresh, closed('ABORTED', new Date(ago(29 * SECOND))));

    await world.sweep();

    expect(world.settles).toEqual([]);
  });
});

describe('a sweep of an attempt that was cancelled', () => {
  const cancelled = { ...RUNNING, cancelRequestedAt: ago(MINUTE), updatedAt: ago(MINUTE) };

  it('stops its ECS task where whoever noted the cancel could not', async () => {
    const world = await aSweepWorld(database.client);
    world.executions.set(await world.given(cancelled), { status: 'running' });
    world.tasks.set(TASK_ARN, { hasStopped: false, stop: {} });

    const swept = await world.sweep();

    expect(world.stopped).toEqual([{ taskArn: TASK_ARN, why: 'cancel' }]);
    expect(swept.repairs).toEqual({ ...NONE, stopped: 1 });
  });

  it.each([
    ['is being stopped', cancelled, { hasStopped: false, isStopping: true, stop: {} }],
    ['has stopped', cancelled, { hasStopped: true, isStopping: true, stop: {} }],
    ['is forgotten', cancelled, undefined],
    ['has finished', { ...cancelled, status: 'COMPLETING' as const }, { hasStopped: false, stop: {} }],
    ['was cancelled just now', { ...cancelled, updatedAt: ago(29 * SECOND) }, { hasStopped: false, stop: {} }],
  ])('leaves alone an ECS task that %s', async (_, fields, task: DescribedTask | undefined) => {
    const world = await aSweepWorld(database.client);
    world.executions.set(await world.given(fields), { status: 'running' });
    if (task) world.tasks.set(TASK_ARN, task);

    const swept = await world.sweep();

    expect([world.stopped, swept.repairs]).toEqual([[], NONE]);
  });
});

describe('a sweep of an attempt that is past its time while its execution runs', () => {
  // Three runs of a minute's work, each with 28 minutes to start, upload and stop.
  const overdue = { ...RUNNING, timeoutSeconds: 60, updatedAt: ago(3 * 29 * MINUTE + SECOND) };
  const stoppedFor = (milliseconds: number): DescribedTask => {
    const task = stopped('EssentialContainerExited', 0);
    return { ...task, stop: { ...task.stop, stoppedAt: ago(milliseconds) } };
  };

  it.each([
    ['whose ECS task stopped over two minutes ago', overdue, stoppedFor(2 * MINUTE + 1), 1],
    ['whose ECS task is forgotten', overdue, undefined, 1],
    ['that never had an ECS task', { status: 'PENDING', updatedAt: overdue.updatedAt } as const, undefined, 1],
    ['whose ECS task stopped just now', overdue, stoppedFor(2 * MINUTE), 0],
    ['whose ECS task runs', overdue, { hasStopped: false, stop: {} }, 0],
    ['but for a moment', { ...overdue, updatedAt: ago(3 * 29 * MINUTE) }, stoppedFor(9 * MINUTE), 0],
  ])('settles one %s', async (_, fields: Partial<DispatchRecord>, task: DescribedTask | undefined, settled) => {
    const world = await aSweepWorld(database.client);
    const record = await world.given({ timeoutSeconds: 60, ...fields });
    world.executions.set(record, { status: 'running' });
    if (task) world.tasks.set(TASK_ARN, task);

    const swept = await world.sweep();

    expect(swept.repairs).toEqual({ ...NONE, settled });
    expect(world.settles.map(({ name }) => name)).toEqual(settled ? [attemptName(record)] : []);
  });
});

describe('a sweep of an attempt that moves meanwhile', () => {
  it('leaves alone one that ends while its execution is asked for', async () => {
    const world = await aSweepWorld(database.client);
    const record = await world.given(RUNNING);
    const end = { writer: 'record-outcome', endedAt: NOW } as const;

    await world.sweep({
      executions: {
        ...world.executions,
        describe: async () => {
          await world.dispatches.end(record, { status: 'FAILED', taskArn: TASK_ARN }, end);
          return closed('FAILED');
        },
      },
    });

    expect(world.settles).toEqual([]);
  });

  it('neither starts nor settles one that its asker starts while its execution is asked for', async () => {
    const world = await aSweepWorld(database.client);
    const record = await world.given();
    const { dispatches } = world;
    const get = async () => ({ ...record, status: 'PROVISIONING', updatedAt: NOW }) as const;

    await world.sweep({ dispatches: Object.assign(Object.create(dispatches), { get }) });

    expect([world.executions.starts, world.settles]).toEqual([[], []]);
  });

  it('touches nothing of the attempt that has followed it', async () => {
    const world = await aSweepWorld(database.client);
    const record = await world.given({ ...RUNNING, attempt: 1 });
    world.executions.set(record, closed('FAILED'));
    const { dispatches } = world;
    const get = async () => ({ ...record, attempt: 2 }) as const;

    await world.sweep({ dispatches: Object.assign(Object.create(dispatches), { get }) });

    expect([world.executions.starts, world.settles]).toEqual([[], []]);
  });
});

describe('a sweep of outcomes', () => {
  it('completes what their writers left undone: the place, the event, the note that it is out', async () => {
    const world = await aSweepWorld(database.client);
    const record = await world.given({ ...ENDED, endedAt: ago(MINUTE) });
    await world.givenTenant('acme', [attemptName(record)]);

    const first = await world.sweep();
    const second = await world.sweep();

    expect(world.ended).toMatchObject([{ eventId: `${attemptName(record)}-ended`, status: 'SUCCESS' }]);
    expect(await world.dispatches.get(record.dispatchId)).toMatchObject({ status: 'SUCCESS', publishedAt: NOW });
    expect([...((await world.places('acme')) ?? [])]).toEqual([]);
    expect([first.repairs, second.repairs]).toEqual([{ ...NONE, published: 1 }, NONE]);
  });

  it('leaves to its writer what has ended just now', async () => {
    const world = await aSweepWorld(database.client);
    await world.given({ ...ENDED, endedAt: ago(MINUTE - 1) });

    const swept = await world.sweep();

    expect([world.ended, swept.repairs]).toEqual([[], NONE]);
  });

  it('publishes nothing that is out, though the index does not know that yet', async () => {
    const world = await aSweepWorld(database.client);
    await world.given({ ...ENDED, publishedAt: NOW });

    const swept = await world.sweep();

    expect([world.ended, swept.repairs]).toEqual([[], NONE]);
  });
});
