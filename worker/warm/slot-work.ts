import {
  HEARTBEAT_EVERY_MS,
  MANAGER_GONE_MS,
  POLL_MS,
  SEEN_EVERY_MS,
  SLOT_LIFE_MS,
  UNASSIGNED_MS,
} from '../../core/slot-times.ts';
import type { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import type { PoolStore } from '../../lambdas/shared/pool-store.ts';
import type { TaskCallback } from '../../lambdas/shared/task-callback.ts';
import type { WorkerKit } from '../worker-kit.ts';
import { type SlotClock, systemClock } from './slot-clock.ts';

/** Everything that a worker needs to wait for its one dispatch and serve it. */
export interface SlotWork extends WorkerKit {
  readonly slotId: string;
  readonly pool: Pick<PoolStore, 'get' | 'register' | 'seen' | 'managerSeenAt' | 'acknowledge' | 'drain'>;
  readonly callback: TaskCallback;
  readonly records: Pick<DispatchStore, 'get'>;
  readonly times: SlotTimes;
  readonly clock: SlotClock;
}

/** How long a worker waits for what, in milliseconds. */
export interface SlotTimes {
  /** Between two looks at its slot. */
  readonly pollMs: number;
  /** Between two notes that it is there. */
  readonly seenEveryMs: number;
  /** A claim that is not followed by an assignment. */
  readonly unassignedMs: number;
  /** Its life as WARM; each worker adds up to a tenth of its own. */
  readonly lifeMs: number;
  /** Without a sign of a manager. */
  readonly managerGoneMs: number;
  readonly heartbeatEveryMs: number;
  /** After a request that failed, beyond the SDK's own retries, and may be made again. */
  readonly retryMs: number;
  /** For a reported end to be recorded, and between two looks whether it is. */
  readonly recordMs: number;
  readonly recordLookMs: number;
  /** For the agent's CLI to answer. */
  readonly probeMs: number;
}

const TIMES: SlotTimes = {
  pollMs: POLL_MS,
  seenEveryMs: SEEN_EVERY_MS,
  unassignedMs: UNASSIGNED_MS,
  lifeMs: SLOT_LIFE_MS,
  managerGoneMs: MANAGER_GONE_MS,
  heartbeatEveryMs: HEARTBEAT_EVERY_MS,
  retryMs: 1_000,
  recordMs: 3_000,
  recordLookMs: 100,
  probeMs: 60_000,
};

/** What a waiting worker needs on top of its kit. */
export interface SlotParts extends Pick<SlotWork, 'slotId' | 'pool' | 'callback' | 'records'> {
  /** @default the times of `core/slot-times.ts`, a second before what failed is tried again, and a minute for the probe */
  readonly times?: Partial<SlotTimes>;
  /** @default the machine's */
  readonly clock?: SlotClock;
}

export function slotWork(kit: WorkerKit, { times, clock = systemClock, ...parts }: SlotParts): SlotWork {
  return { ...kit, ...parts, clock, times: { ...TIMES, ...times } };
}
