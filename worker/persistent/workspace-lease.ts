import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_MS, RENEW_MS } from '../../core/persistent-workspace.ts';
import type { LastUse, WorkspaceRef, WorkspaceStore } from '../../lambdas/shared/workspace-store.ts';
import { wordsOf } from '../error-words.ts';

/** Milliseconds. */
export interface LeaseTimes {
  /** That a lease holds from its last renewal. */
  readonly leaseMs: number;
  readonly renewMs: number;
  /** Between two looks of who waits. */
  readonly lookMs: number;
}

/** Of leases that hold so many milliseconds: renewed every 20 of 90 seconds, and in that proportion. */
export function leaseTimes(leaseMs: number = LEASE_MS): LeaseTimes {
  const renewMs = (leaseMs * RENEW_MS) / LEASE_MS;
  return { leaseMs, renewMs, lookMs: renewMs / 10 };
}

export interface Leasing {
  readonly store: Pick<WorkspaceStore, 'get' | 'take' | 'renew' | 'release'>;
  readonly workspace: WorkspaceRef;
  /** The attempt's name. */
  readonly heldBy: string;
  readonly times: LeaseTimes;
  say(line: string): void;
}

/**
 * The part of a lease after which its holder gives it up for lost: the rest is for ending the agent, and for clocks that
 * differ, before anybody else may begin.
 */
const GIVE_UP_AFTER = 2 / 3;

/**
 * Waits until the workspace is this attempt's; `undefined` where `over` came first. Who waits longest has no precedence:
 * whoever looks first, once it is free, takes it.
 * @param waits told of the attempt that has it, whenever that changes
 */
export async function awaitLease(
  leasing: Leasing,
  over: AbortSignal,
  waits: (heldBy: string) => Promise<void>,
): Promise<HeldLease | undefined> {
  let told: string | undefined;
  while (!over.aborted) {
    const look = await tryToTake(leasing);
    if (look instanceof HeldLease) return look;
    if (look !== undefined && look !== told) await waits(look);
    told = look ?? told;
    // Those who wait together look at different moments.
    const pause = leasing.times.lookMs * (0.75 + Math.random() / 2);
    await delay(pause, undefined, { signal: over }).catch(() => undefined);
  }
  return undefined;
}

/** The lease, or who has it; neither where nobody could be asked: whoever waits for hours outlasts that. */
async function tryToTake(leasing: Leasing): Promise<HeldLease | string | undefined> {
  const { store, workspace, heldBy, times, say } = leasing;
  const askedAt = performance.now();
  const now = Date.now();
  try {
    if (await store.take(workspace, { heldBy, heldUntil: now + times.leaseMs }, now)) {
      return new HeldLease(leasing, askedAt);
    }
    return (await store.get(workspace))?.heldBy;
  } catch (error) {
    say(
      `The lease of the workspace ${workspace.workspaceId} cannot be asked for, which is tried again: ${wordsOf(error)}`,
    );
    return undefined;
  }
}

/** A workspace that is ours, as long as we say so again and again. */
export class HeldLease {
  private readonly losing = new AbortController();
  private readonly ending = new AbortController();
  private readonly renewing: Promise<void>;
  private giveUp: NodeJS.Timeout | undefined;

  /** @param askedAt when it was asked for, by `performance.now()` */
  constructor(
    private readonly leasing: Leasing,
    askedAt: number,
  ) {
    this.heldSince(askedAt);
    this.renewing = this.renew();
  }

  /** Aborts when somebody else may soon begin, or has begun, with the reason in words. */
  get lost(): AbortSignal {
    return this.losing.signal;
  }

  /** Lets somebody else begin. What fails is said and no more: the lease runs out by itself. */
  async release(use: LastUse): Promise<void> {
    this.ending.abort();
    clearTimeout(this.giveUp);
    await this.renewing;
    const { store, workspace, heldBy, say } = this.leasing;
    try {
      await store.release(workspace, heldBy, use);
    } catch (error) {
      say(`The workspace ${workspace.workspaceId} is free only when its lease has run out: ${wordsOf(error)}`);
    }
  }

  /** Goes on also when the lease counts as lost: as long as nobody has taken it, it keeps others out of our upload. */
  private async renew(): Promise<void> {
    const { times, say } = this.leasing;
    const { signal } = this.ending;
    for (;;) {
      await delay(times.renewMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const askedAt = performance.now();
      try {
        if (!(await this.renewOnce())) return this.lose('another dispatch has taken it');
        this.heldSince(askedAt);
      } catch (error) {
        say(`The lease of the workspace cannot be renewed, which is tried again: ${wordsOf(error)}`);
      }
    }
  }

  private renewOnce(): Promise<boolean> {
    const { store, workspace, heldBy, times } = this.leasing;
    return store.renew(workspace, { heldBy, heldUntil: Date.now() + times.leaseMs });
  }

  private heldSince(askedAt: number): void {
    clearTimeout(this.giveUp);
    const patience = this.leasing.times.leaseMs * GIVE_UP_AFTER;
    const left = Math.max(0, patience - (performance.now() - askedAt));
    const why = `its lease could not be renewed for ${Math.round(patience / 1000)} seconds`;
    this.giveUp = setTimeout(() => this.lose(why), left);
  }

  private lose(why: string): void {
    clearTimeout(this.giveUp);
    this.losing.abort(why);
  }
}
