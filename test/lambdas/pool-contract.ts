import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ulid } from 'ulid';
import { beforeAll, describe, expect, it } from 'vitest';
import { SLOT_STATES, type Slot, type SlotState, slotStatesBefore } from '../../core/slot.ts';
import { TOMBSTONE_MS } from '../../core/slot-times.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { type Claim, PoolStore } from '../../lambdas/shared/pool-store.ts';
import { aSlot, NOW, REVISION, TASK_ARN } from './records.ts';
import { createPoolTable } from './tables.ts';

const LATER = '2026-03-01T12:00:05.000Z';
const BEFORE = '2026-03-01T11:59:30.000Z';
const OTHER_TASK = TASK_ARN.replace('0123', 'ffff');
const RACERS = 12;

const CLAIMER = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B-1';
const OURS = { state: 'CLAIMED', claimedBy: CLAIMER, claimedAt: NOW } as const;
const ASSIGNED = { ...OURS, state: 'ASSIGNED', taskToken: 'token', assignedAt: NOW } as const;
const ACKED = { ...ASSIGNED, state: 'RUNNING', ackedBy: TASK_ARN, ackedAt: NOW } as const;

/** What the pool promises of each slot, whichever DynamoDB is underneath. */
export function describePool(client: () => DynamoDBClient): void {
  describe('the pool', () => {
    let store: PoolStore;
    beforeAll(async () => {
      store = new PoolStore(documentClient(client()), await createPoolTable(client()));
    });

    describeLists(() => store);
    describeClaims(() => store);
    describeAcknowledgements(() => store);
    describeReclaims(() => store);
    describeEnds(() => store);
    describeTransitions(() => store);
  });
}

const claim = (fields: Partial<Claim> = {}): Claim => ({
  claimedBy: CLAIMER,
  taskDefinitionArn: REVISION,
  seenSince: BEFORE,
  claimedAt: NOW,
  ...fields,
});

async function given(store: PoolStore, fields: Partial<Slot> = {}): Promise<Slot> {
  const slot = aSlot(fields);
  await store.create(slot);
  return slot;
}

function describeLists(store: () => PoolStore): void {
  it('creates a slot once, and leaves it as it is from then on', async () => {
    const slot = await given(store());

    const again = await store().create({ ...slot, state: 'STOPPED' });

    expect([again, await store().get(slot)]).toEqual([false, slot]);
    expect(await store().get({ agentType: 'shell', slotId: ulid() })).toBeUndefined();
  });

  it("lists an agent's slots, the newest first for a claim, and no other agent's", async () => {
    const ids = Array.from({ length: 3 }, (_, index) => ulid(1_000_000 + index));
    for (const slotId of ids) await given(store(), { agentType: 'codex', slotId });
    await given(store(), { agentType: 'grok' });

    const [all, newest] = [await store().list('codex'), await store().newest('codex')];

    expect(all.map(({ slotId }) => slotId)).toEqual(ids);
    expect(newest.map(({ slotId }) => slotId)).toEqual(ids.toReversed());
  });

  it('keeps WARM to a worker that is wanted, and its place to the worker that took it', async () => {
    const slot = await given(store(), { state: 'BOOTING' });
    const drained = await given(store(), { state: 'DRAINING' });

    const registered = [
      await store().register(slot, TASK_ARN, NOW),
      await store().register(slot, TASK_ARN, LATER),
      await store().register(slot, OTHER_TASK, LATER),
      await store().register(drained, TASK_ARN, NOW),
    ];
    const seen = [await store().seen(slot, OTHER_TASK, NOW), await store().seen(slot, TASK_ARN, LATER)];

    expect({ registered, seen }).toEqual({ registered: [true, true, false, false], seen: [false, true] });
    expect(await store().get(slot)).toMatchObject({ state: 'WARM', taskArn: TASK_ARN, seenAt: LATER });
  });
}

function describeClaims(store: () => PoolStore): void {
  it('gives a slot to one claimer, whatever the race, and to that one again', async () => {
    const slot = await given(store());
    const names = Array.from({ length: RACERS }, (_, index) => `${ulid()}-${index + 1}`);

    const won = await Promise.all(names.map((claimedBy) => store().claim(slot, claim({ claimedBy }))));

    const winners = names.filter((_, index) => won[index]);
    expect(winners).toHaveLength(1);
    expect(await store().claim(slot, claim({ claimedBy: winners[0] ?? '' }))).toBe(true);
    expect(await store().get(slot)).toMatchObject({ state: 'CLAIMED', claimedBy: winners[0] });
  });

  it.each<[string, Partial<Slot>]>([
    ['still boots', { state: 'BOOTING' }],
    ["is another dispatch's", { ...OURS, claimedBy: `${ulid()}-1` }],
    ['drains', { ...OURS, state: 'DRAINING' }],
    ['is assigned', ASSIGNED],
    ['runs', ACKED],
    ['has stopped', { state: 'STOPPED' }],
    ['runs another revision', { taskDefinitionArn: `${REVISION}3` }],
    ['was not seen for long', { seenAt: '2026-03-01T11:59:29.999Z' }],
  ])('gives nobody a slot that %s', async (_, fields) => {
    const slot = await given(store(), fields);

    const won = await store().claim(slot, claim());

    expect([won, await store().get(slot)]).toEqual([false, slot]);
  });

  it('makes no slot up', async () => {
    const slot = aSlot();

    const won = await store().claim(slot, claim());

    expect([won, await store().get(slot)]).toEqual([false, undefined]);
  });
}

function describeAcknowledgements(store: () => PoolStore): void {
  it('is acknowledged with its token by one ECS task, and by that one again', async () => {
    const slot = await given(store(), ASSIGNED);

    const acknowledged = [
      await store().acknowledge(slot, 'another', TASK_ARN, NOW),
      await store().acknowledge(slot, 'token', TASK_ARN, NOW),
      await store().acknowledge(slot, 'token', TASK_ARN, LATER),
      await store().acknowledge(slot, 'token', OTHER_TASK, NOW),
    ];

    expect(acknowledged).toEqual([false, true, true, false]);
    expect(await store().get(slot)).toMatchObject({ state: 'RUNNING', ackedBy: TASK_ARN, ackedAt: NOW });
  });

  it('is either reclaimed or acknowledged, whatever the race', async () => {
    const slots = await Promise.all(Array.from({ length: RACERS }, () => given(store(), ASSIGNED)));

    const answers = await Promise.all(
      slots.map((slot) =>
        Promise.all([store().acknowledge(slot, 'token', TASK_ARN, NOW), store().reclaim(slot, CLAIMER, NOW)]),
      ),
    );

    const states = (await Promise.all(slots.map((slot) => store().get(slot)))).map((slot) => slot?.state);
    expect(states).toEqual(answers.map(([acknowledged]) => (acknowledged ? 'RUNNING' : 'DRAINING')));
    expect(answers.map(([, reclaimed]) => reclaimed)).toEqual(answers.map(([acknowledged]) => !acknowledged));
  });
}

function describeReclaims(store: () => PoolStore): void {
  it.each<[string, Partial<Slot>, boolean]>([
    ['is claimed', OURS, true],
    ['is assigned', ASSIGNED, true],
    ['drains already', { ...OURS, state: 'DRAINING', drainReason: 'waited', drainedAt: BEFORE }, true],
    ['was acknowledged', ACKED, false],
    ['has stopped', { ...OURS, state: 'STOPPED' }, false],
    ["is another dispatch's", { ...OURS, claimedBy: `${ulid()}-1` }, false],
    ["is nobody's", {}, false],
  ])('is reclaimed where it %s', async (_, fields, expected) => {
    const slot = await given(store(), fields);

    const reclaimed = await store().reclaim(slot, CLAIMER, NOW);

    const drained = {
      state: 'DRAINING',
      drainedAt: fields.drainedAt ?? NOW,
      drainReason: fields.drainReason ?? 'reclaimed',
    };
    expect(reclaimed).toBe(expected);
    expect(await store().get(slot)).toEqual(expected ? { ...slot, ...drained } : slot);
  });

  it('drains from the states that are asked for, and never once it was acknowledged', async () => {
    const slots = await Promise.all(SLOT_STATES.map((state) => given(store(), { state })));
    const acked = await given(store(), { ...ACKED, state: 'ASSIGNED' });

    const drain = (slot: Slot, from: readonly SlotState[]) => store().drain(slot, from, 'surplus', NOW);
    const asWarm = await Promise.all(slots.map((slot) => drain(slot, ['WARM'])));
    const asAny = await Promise.all([...slots, acked].map((slot) => drain(slot, SLOT_STATES)));

    expect(SLOT_STATES.filter((_, index) => asWarm[index])).toEqual(['WARM']);
    expect(SLOT_STATES.filter((_, index) => asAny[index])).toEqual(['BOOTING', 'CLAIMED', 'ASSIGNED']);
    expect(asAny.at(-1)).toBe(false);
    expect(await store().get(slots[0] ?? acked)).toMatchObject({ drainReason: 'surplus', drainedAt: NOW });
  });
}

function describeEnds(store: () => PoolStore): void {
  it('becomes a tombstone once, with its stop, its claim and its token', async () => {
    const slot = await given(store(), ACKED);
    const stop = { taskArn: TASK_ARN, stopCode: 'EssentialContainerExited', exitCode: 137 };

    const closed = await store().close(slot, stop, new Date(NOW));
    const again = await store().close(slot, { error: 'x' }, new Date(LATER));

    const expiresAt = (Date.parse(NOW) + TOMBSTONE_MS) / 1000;
    expect(closed).toEqual({ ...slot, state: 'STOPPED', stop, stoppedAt: NOW, stopDue: true, expiresAt });
    expect([again, await store().get(slot)]).toEqual([undefined, closed]);
  });

  it('is buried as a tombstone alone', async () => {
    const [living, dead] = [await given(store()), await given(store(), { state: 'STOPPED' })];

    const buried = [await store().bury(living), await store().bury(dead), await store().bury(dead)];

    expect(buried).toEqual([false, true, false]);
    expect([await store().get(living), await store().get(dead)]).toEqual([living, undefined]);
  });
}

/** Every write of the store, and the states from which it moves a slot that is otherwise its own. */
const WRITES: readonly [
  name: string,
  moves: readonly SlotState[],
  to: SlotState,
  write: (store: PoolStore, slot: Slot) => Promise<unknown>,
][] = [
  ['register', ['BOOTING'], 'WARM', (store, slot) => store.register(slot, TASK_ARN, NOW)],
  ['seen', [], 'WARM', (store, slot) => store.seen(slot, TASK_ARN, NOW)],
  ['claim', ['WARM'], 'CLAIMED', (store, slot) => store.claim(slot, claim())],
  ['acknowledge', ['ASSIGNED'], 'RUNNING', (store, slot) => store.acknowledge(slot, 'token', TASK_ARN, NOW)],
  ['reclaim', ['CLAIMED', 'ASSIGNED'], 'DRAINING', (store, slot) => store.reclaim(slot, CLAIMER, NOW)],
  ['drain', slotStatesBefore('DRAINING'), 'DRAINING', (store, slot) => store.drain(slot, SLOT_STATES, 'surplus', NOW)],
  ['close', slotStatesBefore('STOPPED'), 'STOPPED', (store, slot) => store.close(slot, {}, new Date(NOW))],
];

function describeTransitions(store: () => PoolStore): void {
  it.each(WRITES)('moves along the table alone by %s: from %s to %s', async (_, moves, to, write) => {
    const slots = await Promise.all(
      SLOT_STATES.map((state) => given(store(), { state, claimedBy: CLAIMER, taskToken: 'token' })),
    );

    await Promise.all(slots.map((slot) => write(store(), slot)));

    const after = await Promise.all(slots.map((slot) => store().get(slot)));
    expect(after.map((slot) => slot?.state)).toEqual(SLOT_STATES.map((from) => (moves.includes(from) ? to : from)));
    expect(slotStatesBefore(to)).toEqual(expect.arrayContaining([...moves]));
  });
}
