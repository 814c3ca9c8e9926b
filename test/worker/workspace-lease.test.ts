import { describe, expect, it } from 'vitest';
import type { PersistentWorkspace } from '../../core/persistent-workspace.ts';
import type { Hold, LastUse, WorkspaceRef } from '../../lambdas/shared/workspace-store.ts';
import {
  awaitLease,
  type HeldLease,
  type LeaseTimes,
  type Leasing,
  leaseTimes,
} from '../../worker/persistent/workspace-lease.ts';
import { until } from './worker-in-test.ts';

const REF = { userId: 'acme', workspaceId: 'acme/rocket' };
const USE = { lastUsedAt: '2026-03-01T12:00:00.000Z', lastDispatchId: 'last' };
/** 90 seconds in less than half a second. */
const QUICK = leaseTimes(450);
/** Where what is to come in time must do so though the machine stands still for a second. */
const UNHURRIED = leaseTimes(4_500);
const never = new AbortController().signal;

/** One lease in memory, as the table keeps it; `broken` makes every call fail. */
class MemoryStore {
  item: PersistentWorkspace = { ...REF };
  broken = false;
  renewals = 0;

  async get(_ref: WorkspaceRef) {
    this.check();
    return this.item;
  }

  async take(_ref: WorkspaceRef, hold: Hold, now: number) {
    this.check();
    const { heldBy, heldUntil = 0 } = this.item;
    if (heldBy !== undefined && heldBy !== hold.heldBy && heldUntil >= now) return undefined;
    this.item = { ...this.item, ...hold };
    return this.item;
  }

  async renew(_ref: WorkspaceRef, hold: Hold) {
    this.check();
    if (this.item.heldBy !== hold.heldBy) return false;
    this.renewals += 1;
    this.item = { ...this.item, ...hold };
    return true;
  }

  async release(_ref: WorkspaceRef, heldBy: string, _use: LastUse) {
    this.check();
    if (this.item.heldBy !== heldBy) return false;
    this.item = { ...REF };
    return true;
  }

  private check(): void {
    if (this.broken) throw new Error('the table does not answer');
  }
}

interface Trial {
  readonly said?: string[];
  readonly times?: LeaseTimes;
}

function leasing(store: MemoryStore, heldBy: string, { said = [], times = QUICK }: Trial = {}): Leasing {
  return { store, workspace: REF, heldBy, times, say: (line) => void said.push(line) };
}

const nobodyWaits = async () => undefined;

async function held(store: MemoryStore, heldBy: string, trial?: Trial): Promise<HeldLease> {
  const lease = await awaitLease(leasing(store, heldBy, trial), never, nobodyWaits);
  if (lease === undefined) throw new Error(`${heldBy} has no lease`);
  return lease;
}

describe.concurrent('a lease', () => {
  it('is renewed as long as it is held, and is free after that', async () => {
    const store = new MemoryStore();
    const lease = await held(store, 'first');

    await until(() => store.renewals > 4);
    const heldBy = store.item.heldBy;
    await lease.release(USE);

    expect([heldBy, store.item.heldBy, lease.lost.aborted]).toEqual(['first', undefined, false]);
  });

  it('is had by one at a time, and who waits hears of who has it', async () => {
    const store = new MemoryStore();
    const names = Array.from({ length: 8 }, (_, index) => `attempt-${index}`);
    const heard = new Set<string>();
    let inside = 0;
    let most = 0;

    await Promise.all(
      names.map(async (name) => {
        const lease = await awaitLease(
          leasing(store, name, { times: UNHURRIED }),
          never,
          async (heldBy) => void heard.add(heldBy),
        );
        inside += 1;
        most = Math.max(most, inside);
        await until(() => store.renewals > 0);
        inside -= 1;
        await lease?.release(USE);
      }),
    );

    expect(most).toBe(1);
    expect(names).toEqual(expect.arrayContaining([...heard]));
    expect(heard.size).toBeGreaterThan(0);
  });

  it('is taken from a holder that is gone, once it has run out', async () => {
    const store = new MemoryStore();
    const heldUntil = Date.now() + QUICK.leaseMs;
    store.item = { ...REF, heldBy: 'gone', heldUntil };

    const lease = await held(store, 'next');

    expect(Date.now()).toBeGreaterThan(heldUntil);
    await lease.release(USE);
  });

  it('ends the waiting at once when there is nothing to wait for any more', async () => {
    const store = new MemoryStore();
    store.item = { ...REF, heldBy: 'other', heldUntil: Date.now() + 3_600_000 };
    const over = new AbortController();

    const waiting = awaitLease(leasing(store, 'me'), over.signal, async () => over.abort());

    expect(await waiting).toBeUndefined();
  });

  it('is lost before it runs out, where it cannot be renewed, and kept from others as soon as it can be', async () => {
    const store = new MemoryStore();
    const said: string[] = [];
    const lease = await held(store, 'me', { said, times: UNHURRIED });

    store.broken = true;
    await until(() => lease.lost.aborted);
    const { heldUntil = 0 } = store.item;
    const lostAt = Date.now();
    store.broken = false;
    const before = store.renewals;
    await until(() => store.renewals > before);
    await lease.release(USE);

    expect(lostAt).toBeLessThan(heldUntil);
    expect(lease.lost.reason).toContain('could not be renewed');
    expect(said.join()).toContain('the table does not answer');
  });

  it('is lost where another has taken it', async () => {
    const store = new MemoryStore();
    const lease = await held(store, 'me');

    store.item = { ...REF, heldBy: 'other', heldUntil: Date.now() + 1_000 };
    await until(() => lease.lost.aborted);
    await lease.release(USE);

    expect(lease.lost.reason).toContain('another dispatch');
    expect(store.item.heldBy).toBe('other');
  });

  it('is waited for also while the table does not answer', async () => {
    const store = new MemoryStore();
    const said: string[] = [];
    store.broken = true;

    const waiting = held(store, 'me', { said });
    await until(() => said.length > 2);
    store.broken = false;

    await (await waiting).release(USE);
    expect(said[0]).toContain('cannot be asked for');
  });
});
