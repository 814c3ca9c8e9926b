import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attemptName } from '../../core/ids.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { ago, aSweepWorld, MINUTE, NONE, type SweepWorld } from './sweep-world.ts';

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

const held = async (world: SweepWorld, tenantId = 'acme') => [...((await world.places(tenantId)) ?? [])].sort();
const ENDED = { status: 'FAILED', endedAt: ago(9 * MINUTE), publishedAt: ago(9 * MINUTE) } as const;

describe("a sweep of tenants' places", () => {
  it.each([
    ['has ended', ENDED, 0],
    ['was followed by another attempt', { attempt: 2 }, -1],
    ['is not begun, by the record', ENDED, 1],
  ])('frees one whose attempt %s, at a second look five minutes after the first', async (_, fields, distance) => {
    const world = await aSweepWorld(database.client);
    const record = await world.given(fields);
    world.executions.set(record, { status: 'running' });
    const place = attemptName({ ...record, attempt: record.attempt + distance });
    world.executions.states.delete(place);
    await world.givenTenant('acme', [place]);

    await world.sweep();
    world.clock.ms += 5 * MINUTE - 1;
    await world.sweep();
    const before = await held(world);
    world.clock.ms += 1;
    const swept = await world.sweep();

    expect(before).toEqual([place]);
    expect(await held(world)).toEqual([]);
    expect(swept.repairs).toEqual({ ...NONE, freed: 1 });
    expect((await world.memory())?.['deadPlaces']).toEqual({});
  });

  it.each(['01J9ZK6W3N8R5T7V9X1Y3Z5A7B-1', 'not an attempt'])(
    'frees one that nothing is known of: %s',
    async (place) => {
      const world = await aSweepWorld(database.client);
      await world.givenTenant('acme', [place]);

      await world.sweep();
      world.clock.ms += 5 * MINUTE;
      await world.sweep();

      expect(await held(world)).toEqual([]);
    },
  );

  it('keeps those of living attempts, whatever their status, and the limits of tenants without any', async () => {
    const world = await aSweepWorld(database.client);
    const records = await Promise.all(
      (['PENDING', 'PROVISIONING', 'RUNNING', 'COMPLETING'] as const).map((status) => world.given({ status })),
    );
    for (const record of records.slice(1)) world.executions.set(record, { status: 'running' });
    const places = records.map(attemptName).sort();
    await world.givenTenant('acme', places);
    await world.givenTenant('idle', []);

    await world.sweep();
    world.clock.ms += 6 * MINUTE;
    const swept = await world.sweep();

    expect([await held(world), await held(world, 'idle')]).toEqual([places, []]);
    expect(swept.repairs).toEqual(NONE);
    expect(await world.tenants.get('idle')).toMatchObject({ maxConcurrent: 1_000 });
  });

  it('begins anew with one whose attempt came to life between two looks', async () => {
    const world = await aSweepWorld(database.client);
    const dispatchId = ulid();
    await world.givenTenant('acme', [`${dispatchId}-1`]);

    await world.sweep();
    const record = await world.given({ dispatchId, createdAt: ago(0) });
    world.clock.ms += 5 * MINUTE;
    await world.sweep();

    expect(await held(world)).toEqual([attemptName(record)]);
    expect((await world.memory())?.['deadPlaces']).toEqual({});
  });

  it('frees none that was taken again in the moment before, though its record is not written yet', async () => {
    const world = await aSweepWorld(database.client);
    const place = `${ulid()}-1`;
    await world.givenTenant('acme', [place]);
    await world.sweep();
    world.clock.ms += 5 * MINUTE;
    const { dispatches } = world;
    const get = async (dispatchId: string) => {
      const read = await dispatches.get(dispatchId);
      await world.tenants.takePlace('acme', place, 1);
      return read;
    };

    const swept = await world.sweep({ dispatches: Object.assign(Object.create(dispatches), { get }) });

    expect([await held(world), swept.repairs]).toEqual([[place], NONE]);
  });

  it('begins anew with one that was taken again, and frees it five minutes after that look', async () => {
    const world = await aSweepWorld(database.client);
    const place = `${ulid()}-1`;
    await world.givenTenant('acme', [place]);
    await world.sweep();
    await world.tenants.takePlace('acme', place, 1);
    const freed: number[] = [];

    for (let minute = 1; minute <= 12; minute++) {
      world.clock.ms += MINUTE;
      if ((await world.sweep()).repairs.freed > 0) freed.push(minute);
    }

    // At the fifth the doubt is gone, at the sixth it begins anew.
    expect(freed).toEqual([11]);
    expect(await held(world)).toEqual([]);
  });

  it('takes the notes of a sweep of an older version for no reason to free a place', async () => {
    const world = await aSweepWorld(database.client);
    const place = `${ulid()}-1`;
    await world.givenTenant('acme', [place]);
    await world.collaborators.memory.write({ deadPlaces: { [`acme ${place}`]: ago(9 * MINUTE) }, position: undefined });

    const swept = await world.sweep();

    expect([await held(world), swept.repairs]).toEqual([[place], NONE]);
  });

  it('forgets one that was given back otherwise, so that it is not freed at once when it is taken again', async () => {
    const world = await aSweepWorld(database.client);
    const place = `${ulid()}-2`;
    await world.givenTenant('acme', [place]);

    await world.sweep();
    await world.tenants.freePlace('acme', place);
    await world.sweep();
    await world.tenants.takePlace('acme', place, 1);
    world.clock.ms += 5 * MINUTE;
    await world.sweep();

    expect(await held(world)).toEqual([place]);
  });

  it('looks once at each of one tenant, though they are many and do not run yet', async () => {
    const world = await aSweepWorld(database.client);
    const records = await world.givenMany(60, { createdAt: ago(0) });
    await world.givenTenant('acme', [...records.map(attemptName), `7${ulid().slice(1)}-1`]);

    const swept = await world.sweep();

    expect(swept).toEqual({ looked: 61, repairs: NONE, stoppedIn: undefined });
    expect(Object.keys((await world.memory())?.['deadPlaces'])).toHaveLength(1);
  });

  it('comes to all tenants, however many', async () => {
    const world = await aSweepWorld(database.client);
    const tenants = Array.from({ length: 60 }, (_, index) => `tenant-${index}`);
    await Promise.all(tenants.map((tenantId) => world.givenTenant(tenantId, [`${ulid()}-1`])));

    await world.sweep();
    world.clock.ms += 5 * MINUTE;
    const swept = await world.sweep();

    expect(swept.repairs).toEqual({ ...NONE, freed: 60 });
  });
});
