import type { DispatchRecord } from '../../core/dispatch-record.ts';
import type { Deployment } from './deployment.ts';
import { bulkEventId } from './plan.ts';

/** Milliseconds between two looks at what has begun and which tenant has places. */
const LOOK_EVERY_MS = 1_000;

/** Milliseconds in which an attempt that was asked for must have been made. */
const PATIENCE_MS = 60_000;

export interface ReplayGround extends Pick<Deployment, 'get' | 'tenant' | 'replayRequested'> {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

export interface ReplayProgress {
  readonly begun: number;
  /** Asked for, and not seen to have begun yet. */
  readonly asked: number;
  /** Not asked for yet. */
  readonly left: number;
  /** Tenants that have as many living attempts as they may. */
  readonly fullTenants: readonly string[];
}

export interface ReplayResult {
  readonly begun: number;
  /** Asked for, and not begun within a minute. */
  readonly missing: readonly DispatchRecord[];
}

/**
 * Asks for the next attempt of each dispatch, at most `rate` a second and never more of a tenant than it has places for,
 * and watches until they have begun.
 */
export async function askForReplays(
  ground: ReplayGround,
  dispatches: readonly DispatchRecord[],
  rate: number,
  show: (progress: ReplayProgress) => void,
): Promise<ReplayResult> {
  const run = new ReplayRun(ground, dispatches);
  let lookAt = ground.now();
  while (!run.isOver) {
    if (ground.now() >= lookAt) {
      await run.look();
      lookAt = ground.now() + LOOK_EVERY_MS;
    }
    const hasAsked = await run.askNext();
    show(run.progress);
    if (!run.isOver) await ground.wait(hasAsked ? 1000 / rate : Math.max(0, lookAt - ground.now()));
  }
  return { begun: run.begun, missing: run.missing };
}

/** Where a run of the command stands. */
class ReplayRun {
  begun = 0;
  readonly missing: DispatchRecord[] = [];
  private readonly left: DispatchRecord[];
  private readonly asked = new Map<DispatchRecord, number>();
  private readonly places = new Map<string, number>();

  constructor(
    private readonly ground: ReplayGround,
    dispatches: readonly DispatchRecord[],
  ) {
    this.left = [...dispatches];
  }

  get isOver(): boolean {
    return this.left.length === 0 && this.asked.size === 0;
  }

  get progress(): ReplayProgress {
    const fullTenants = [...new Set(this.left.map(({ tenantId }) => tenantId))].filter((name) => !this.hasPlace(name));
    return { begun: this.begun, asked: this.asked.size, left: this.left.length, fullTenants };
  }

  /** Sees what has begun, and how many places each tenant has beyond those that were asked for. */
  async look(): Promise<void> {
    for (const [dispatch, askedAt] of [...this.asked]) {
      const record = await this.ground.get(dispatch.dispatchId);
      const hasBegun = record !== undefined && record.attempt > dispatch.attempt;
      if (hasBegun) this.begun++;
      else if (this.ground.now() - askedAt < PATIENCE_MS) continue;
      else this.missing.push(dispatch);
      this.asked.delete(dispatch);
    }
    this.places.clear();
    for (const { tenantId } of this.left) if (!this.places.has(tenantId)) await this.countPlaces(tenantId);
  }

  /** Asks for the first dispatch whose tenant has a place. Returns `false` where there is none. */
  async askNext(): Promise<boolean> {
    const index = this.left.findIndex(({ tenantId }) => this.hasPlace(tenantId));
    const [dispatch] = index < 0 ? [] : this.left.splice(index, 1);
    if (!dispatch) return false;
    const { dispatchId, attempt, tenantId } = dispatch;
    await this.ground.replayRequested({ version: '1', eventId: bulkEventId(dispatch), dispatchId, attempt });
    this.asked.set(dispatch, this.ground.now());
    this.places.set(tenantId, (this.places.get(tenantId) ?? 0) - 1);
    return true;
  }

  private hasPlace(tenantId: string): boolean {
    return (this.places.get(tenantId) ?? 0) > 0;
  }

  private async countPlaces(tenantId: string): Promise<void> {
    const { maxConcurrent = 0, living = 0 } = (await this.ground.tenant(tenantId)) ?? {};
    const coming = [...this.asked.keys()].filter((dispatch) => dispatch.tenantId === tenantId).length;
    this.places.set(tenantId, maxConcurrent - living - coming);
  }
}
