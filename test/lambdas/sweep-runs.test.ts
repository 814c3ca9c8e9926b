import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttemptRef, attemptName } from '../../core/ids.ts';
import { PartlyFailedError } from '../../lambdas/shared/failures.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { never, pause } from './manage-pool-world.ts';
import { TASK_ARN } from './records.ts';
import { ago, aSweepWorld, closed, MINUTE, NONE, SECOND, type SweepWorld } from './sweep-world.ts';

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

const RUNNING = { status: 'RUNNING', taskArn: TASK_ARN, startedAt: ago(10 * MINUTE) } as const;
const ENDED = { ...RUNNING, status: 'FAILED', endedAt: ago(9 * MINUTE), unpublished: 'yes' } as const;
const throttled = async () => {
  throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
};
const givenZombies = async (world: SweepWorld, count: number) => {
  const records = await world.givenMany(count, RUNNING);
  for (const record of records) world.executions.set(record, closed('ABORTED'));
  return records;
};

describe('the runs of a sweep', () => {
  it('look into 500 in three runs, each once, and miss none', async () => {
    const world = await aSweepWorld(database.client);
    const lost = await world.givenMany(160);
    const zombies = await givenZombies(world, 160);
    const ended = await world.givenMany(30, ENDED);
    const dead = Array.from({ length: 150 }, () => `${ulid()}-1`);
    await world.givenTenant('acme', dead);

    const runs = [await world.sweep(), await world.sweep(), await world.sweep()];

    expect(runs.map(({ looked, stoppedIn }) => ({ looked, stoppedIn }))).toEqual([
      { looked: 200, stoppedIn: 'RUNNING' },
      { looked: 200, stoppedIn: 'places' },
      { looked: 100, stoppedIn: undefined },
    ]);
    expect(world.executions.starts.sort()).toEqual(lost.map(attemptName).sort());
    expect(world.settles.map(({ name }) => name).sort()).toEqual(zombies.map(attemptName).sort());
    expect(world.ended.map(({ dispatchId }) => dispatchId).sort()).toEqual(ended.map((ref) => ref.dispatchId).sort());
    expect(Object.keys((await world.memory())?.['deadPlaces']).sort()).toEqual(
      dead.map((place) => `acme ${place}`).sort(),
    );
  }, 60_000);

  it('are not filled by attempts that are known to run, however many', async () => {
    const world = await aSweepWorld(database.client);
    const healthy = await world.givenMany(250, { ...RUNNING, createdAt: ago(20 * MINUTE) });
    for (const record of healthy) world.executions.set(record, { status: 'running' });
    const [last] = await givenZombies(world, 1);

    const swept = await world.sweep();

    expect(swept).toEqual({ looked: 1, repairs: { ...NONE, settled: 1 }, stoppedIn: undefined });
    expect(world.settles.map(({ name }) => name)).toEqual([last && attemptName(last)]);
  });

  it('begin nothing new after 20 seconds, and go on there the next time', async () => {
    const world = await aSweepWorld(database.client);
    const lost = await world.givenMany(60);
    const slow = {
      ...world.executions,
      describe: async (ref: AttemptRef) => {
        world.clock.ms += SECOND;
        return world.executions.describe(ref);
      },
    };

    const first = await world.sweep({ executions: slow });
    const startedFirst = world.executions.starts.length;
    await world.sweep();

    expect([first.looked, first.stoppedIn, startedFirst]).toEqual([25, 'PENDING', 25]);
    expect(world.executions.starts.sort()).toEqual(lost.map(attemptName).sort());
  });

  it('go on behind what is done where one was killed', async () => {
    const world = await aSweepWorld(database.client);
    const lost = await world.givenMany(40);
    const last = pause();
    let calls = 0;
    const start = async (ref: AttemptRef) => {
      if (++calls <= 25) return world.executions.start(ref);
      return calls < 40 ? never() : last.step(never);
    };

    void world.sweep({ executions: { ...world.executions, start } });
    await last.reached;
    const position = (await world.memory())?.['position'];
    const swept = await world.sweep();

    expect(position).toMatchObject({ stage: 'PENDING', after: { status: 'PENDING' } });
    expect(swept.looked).toBe(15);
    expect(world.executions.starts.sort()).toEqual(lost.map(attemptName).sort());
  });

  it('may overlap: nothing is started or published twice that is not the same', async () => {
    const world = await aSweepWorld(database.client);
    const lost = await world.givenMany(30);
    const ended = await world.givenMany(5, ENDED);

    await Promise.all([world.sweep(), world.sweep(), world.sweep()]);

    expect([...new Set(world.executions.starts)].sort()).toEqual(lost.map(attemptName).sort());
    expect(new Set(world.ended.map(({ eventId }) => eventId)).size).toBe(ended.length);
  });

  it('do what they can where Step Functions throttles, say what failed, and come to it again', async () => {
    const world = await aSweepWorld(database.client);
    const refs = await givenZombies(world, 30);
    const refused = new Set(refs.slice(0, 10).map(attemptName));
    const describe = (ref: AttemptRef) =>
      refused.has(attemptName(ref)) ? throttled() : world.executions.describe(ref);

    const first = world.sweep({ executions: { ...world.executions, running: throttled, describe } });
    await expect(first).rejects.toThrow(PartlyFailedError);
    await expect(first).rejects.toMatchObject({ errors: { length: 11 } });
    const settledFirst = world.settles.map(({ name }) => name);
    await world.sweep();

    expect(settledFirst).toHaveLength(20);
    expect(settledFirst.some((name) => refused.has(name))).toBe(false);
    expect(new Set(world.settles.map(({ name }) => name)).size).toBe(30);
    expect(world.repairs[0]).toEqual({ ...NONE, settled: 20 });
  });

  it('come to the other stages where one cannot be read at all', async () => {
    const world = await aSweepWorld(database.client);
    await world.given(ENDED);
    const dispatches = Object.assign(Object.create(world.dispatches), { page: throttled });

    await expect(world.sweep({ dispatches })).rejects.toMatchObject({ errors: { length: 4 } });

    expect(world.ended).toHaveLength(1);
  });

  it('name a record that cannot be read, and sweep those beside it', async () => {
    const world = await aSweepWorld(database.client);
    const [record] = await givenZombies(world, 1);
    const broken = { ...record, dispatchId: 'broken', agent: 'nobody' };
    await world.documents.send(new PutCommand({ TableName: world.dispatchesTable, Item: broken }));

    await expect(world.sweep()).rejects.toThrow(/The item "broken" cannot be read/);

    expect(world.settles.map(({ name }) => name)).toEqual([record && attemptName(record)]);
  });

  it('begin anew where another version has left words that nobody knows any more', async () => {
    const world = await aSweepWorld(database.client);
    await world.given();
    await world.collaborators.memory.write({ position: { stage: 'nowhere' as never }, deadPlaces: {} });

    const swept = await world.sweep();

    expect(swept.repairs).toEqual({ ...NONE, started: 1 });
  });

  it('count nothing in a healthy system, and say so', async () => {
    const world = await aSweepWorld(database.client);
    const record = await world.given(RUNNING);
    world.executions.set(record, { status: 'running' });
    await world.givenTenant('acme', [attemptName(record)]);

    await world.sweep();

    expect(world.repairs).toEqual([NONE]);
    expect(world.executions.described).toEqual([]);
  });
});
