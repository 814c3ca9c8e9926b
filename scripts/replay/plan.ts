import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { attemptName } from '../../core/ids.ts';
import type { Deployment, EndedQuery } from './deployment.ts';

/** What is to be replayed, the dispatch that was posted first at the front, and how many are left out and why. */
export interface ReplayPlan {
  readonly dispatches: readonly DispatchRecord[];
  /** Replayed before by this command. */
  readonly before: number;
  /** What they were to do is not kept any more. */
  readonly expired: number;
  /** Their tenant is suspended, or gone. */
  readonly suspended: number;
}

export interface PlanOptions extends EndedQuery {
  /** Those as well that this command has replayed before. */
  readonly again: boolean;
}

/** Marks what this command asked for, among a record's `replayKeys`. */
const KEY_PREFIX = 'bulk:';

/** Specs that are looked for at once. */
const LOOKS_AT_ONCE = 20;

/** The same for every run of the command: a dispatch that is asked for twice gets one attempt. */
export function bulkEventId(dispatch: Pick<DispatchRecord, 'dispatchId' | 'attempt'>): string {
  return `${KEY_PREFIX}${attemptName(dispatch)}`;
}

export async function planReplay(
  deployment: Pick<Deployment, 'ended' | 'hasSpec' | 'tenant'>,
  { again, ...query }: PlanOptions,
): Promise<ReplayPlan> {
  const found: DispatchRecord[] = [];
  let before = 0;
  for await (const record of deployment.ended(query)) {
    if (!again && wasReplayed(record)) before++;
    else found.push(record);
  }
  found.sort((one, other) => (one.createdAt < other.createdAt ? -1 : 1));
  const kept = await filtered(found, ({ dispatchId }) => deployment.hasSpec(dispatchId));
  const active = await activeTenants(deployment, kept);
  const dispatches = kept.filter(({ tenantId }) => active.has(tenantId));
  return { dispatches, before, expired: found.length - kept.length, suspended: kept.length - dispatches.length };
}

function wasReplayed({ replayKeys = new Set() }: DispatchRecord): boolean {
  return [...replayKeys].some((key) => key.startsWith(KEY_PREFIX));
}

async function filtered<Item>(items: readonly Item[], holds: (item: Item) => Promise<boolean>): Promise<Item[]> {
  const kept: Item[] = [];
  for (let first = 0; first < items.length; first += LOOKS_AT_ONCE) {
    const some = items.slice(first, first + LOOKS_AT_ONCE);
    const answers = await Promise.all(some.map(holds));
    kept.push(...some.filter((_, index) => answers[index]));
  }
  return kept;
}

async function activeTenants(
  deployment: Pick<Deployment, 'tenant'>,
  dispatches: readonly DispatchRecord[],
): Promise<Set<string>> {
  const names = [...new Set(dispatches.map(({ tenantId }) => tenantId))];
  return new Set(await filtered(names, async (name) => (await deployment.tenant(name))?.status === 'ACTIVE'));
}
