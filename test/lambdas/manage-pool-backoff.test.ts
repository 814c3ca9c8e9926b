import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Slot } from '../../core/slot.ts';
import { BOOT_MS } from '../../core/slot-times.ts';
import {
  type BootBackoff,
  FIRST_PAUSE_MS,
  isPaused,
  LONGEST_PAUSE_MS,
  nextBackoff,
} from '../../lambdas/manage-pool/boot-backoff.ts';
import { type DynamoDbInTest, openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { aPoolWorld, MINUTE, type PoolWorld } from './manage-pool-world.ts';
import { aSlot, NOW } from './records.ts';

let database: DynamoDbInTest;
beforeAll(async () => {
  database = await openDynamoDb();
});
afterAll(() => database.close());

const now = new Date(NOW);
const at = (ms: number) => new Date(now.getTime() + ms).toISOString();

function boot(fields: Partial<Slot>): Slot {
  const {
    taskArn: _,
    warmAt: __,
    seenAt: ___,
    ...slot
  } = aSlot({ state: 'BOOTING', createdAt: at(-MINUTE), ...fields });
  return slot;
}
const failed = (createdAt = at(-MINUTE)) => boot({ state: 'STOPPED', createdAt, stoppedAt: NOW });
const paused = (pauseMs: number): BootBackoff => ({ pauseMs, since: at(-2 * MINUTE), until: at(-MINUTE) });

describe('the pause after a boot that failed', () => {
  it('doubles with every failure, from half a minute to fifteen', () => {
    const pauses: number[] = [];
    let backoff: BootBackoff | undefined;

    for (let time = now; pauses.length < 7; time = new Date(Date.parse(backoff?.until ?? ''))) {
      ({ backoff } = nextBackoff(backoff, [failed(at(time.getTime() - now.getTime() + 1))], time));
      pauses.push((backoff?.pauseMs ?? 0) / 1000);
    }

    expect(pauses).toEqual([30, 60, 120, 240, 480, 900, 900]);
    expect([FIRST_PAUSE_MS, LONGEST_PAUSE_MS]).toEqual([30_000, 900_000]);
  });

  it('is one pause for those that were begun together', () => {
    const together = [failed(), failed(), failed()];

    const { backoff, failures } = nextBackoff(undefined, together.slice(0, 2), now);
    const later = nextBackoff(backoff, together, new Date(at(1000)));

    expect([backoff?.pauseMs, failures]).toEqual([FIRST_PAUSE_MS, 2]);
    expect(later).toEqual({ backoff, failures: 0 });
  });

  it.each<[string, Slot]>([
    [
      'was drained because another revision is deployed',
      boot({ state: 'STOPPED', drainReason: 'not what is deployed any more' }),
    ],
    ['got warm and was drained', aSlot({ state: 'STOPPED', drainReason: 'surplus' })],
    ['still boots', boot({})],
  ])('does not come of a slot that %s', (_, slot) => {
    expect(nextBackoff(undefined, [slot], now)).toEqual({ backoff: undefined, failures: 0 });
  });

  it.each<[string, Slot]>([
    ['stopped before it was warm', failed()],
    ['is not warm after ten minutes', boot({ createdAt: at(-BOOT_MS - 1) })],
    ['was drained after ten minutes', boot({ state: 'DRAINING', drainReason: 'not warm in time' })],
    ['was stopped by somebody else', boot({ state: 'STOPPED', drainReason: 'its ECS task is stopped' })],
  ])('comes of a slot that %s', (_, slot) => {
    expect(nextBackoff(undefined, [slot], now).backoff).toEqual({
      pauseMs: FIRST_PAUSE_MS,
      since: NOW,
      until: at(FIRST_PAUSE_MS),
    });
  });

  it('begins anew after a boot that got warm', () => {
    const warm = aSlot({ warmAt: at(-1000) });

    const { backoff } = nextBackoff(paused(480_000), [warm], now);
    const again = nextBackoff(backoff, [warm, failed(at(-500))], now);

    expect(backoff).toEqual({ pauseMs: 0, since: at(-1000), until: at(-1000) });
    expect(again.backoff?.pauseMs).toBe(FIRST_PAUSE_MS);
  });

  it('goes on where the boot that got warm was warm before', () => {
    const before = paused(480_000);

    const { backoff } = nextBackoff(before, [aSlot({ warmAt: at(-3 * MINUTE) })], now);

    expect(backoff).toBe(before);
  });

  it('is over at its end', () => {
    const backoff = { pauseMs: 30_000, since: NOW, until: at(30_000) };

    const during = isPaused(backoff, new Date(at(29_999)));

    expect([during, isPaused(backoff, new Date(at(30_000))), isPaused(undefined, now)]).toEqual([true, false, false]);
  });
});

/** Every slot that boots fails. */
async function failAll(world: PoolWorld): Promise<void> {
  for (const slot of await world.inState('BOOTING')) await world.pool.close(slot, {}, world.now());
}

describe('while boots fail', () => {
  it('nothing is started during the pause, and then one more lot', async () => {
    const world = await aPoolWorld(database.client);
    const starts: number[] = [];

    for (let minutes = 0; minutes < 8; minutes++) {
      await world.minute();
      starts.push(world.stepFunctions.starts.length);
      await failAll(world);
      world.clock.ms += MINUTE;
    }

    // The failures of minute 0 pause until 1.5, of 2 until 4 (3 + 60 s), of 4 until 7 (5 + 120 s).
    expect(starts).toEqual([2, 2, 4, 4, 6, 6, 6, 8]);
    expect(world.counted.filter((what) => what.includes('failed'))).toEqual(Array(3).fill('2 boots failed shell'));
  });

  it("only that agent's slots are not started", async () => {
    const world = await aPoolWorld(database.client, {
      taskDefinitions: { shell: 'arn:shell:1', codex: 'arn:codex:1' },
      bounds: { shell: { min: 1, max: 1 }, codex: { min: 1, max: 1 } },
    });
    await world.minute();
    await failAll(world);
    for (const slot of await world.slots('codex')) await world.pool.close(slot, {}, world.now());
    await world.boot();
    const codex = aSlot({ agentType: 'codex', taskDefinitionArn: 'arn:codex:1', warmAt: world.now().toISOString() });
    await world.pool.close(codex, {}, world.now());
    world.clock.ms += 1000;

    await world.claimed();

    expect(world.counted).toContain('1 boots failed shell');
    expect(await world.inState('BOOTING')).toEqual([]);
  });

  it('slots that wait are still drained, and those that are claimed still mended', async () => {
    const world = await aPoolWorld(database.client, { bounds: { shell: { min: 1, max: 2 } } });
    await world.minute();
    await failAll(world);
    const slot = await world.given({ taskDefinitionArn: 'arn:of:yesterday' });
    world.clock.ms += 1000;

    await world.claimed();

    expect(await world.pool.get(slot)).toMatchObject({ state: 'DRAINING' });
    expect(world.stepFunctions.starts).toHaveLength(1);
  });
});
