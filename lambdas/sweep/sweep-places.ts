import { z } from 'zod';
import { isLivingAttempt } from '../../core/dispatch-record.ts';
import { parseAttemptName } from '../../core/ids.ts';
import type { TenantPlaces } from '../../core/tenant.ts';
import type { DispatchStore } from '../shared/dispatch-store.ts';
import type { PageKey } from '../shared/page.ts';
import type { TenantStore } from '../shared/tenant-store.ts';
import type { Place } from './dead-places.ts';
import type { Stage } from './stage.ts';
import type { SweepRun } from './sweep-run.ts';

export interface PlacesCollaborators {
  readonly dispatches: Pick<DispatchStore, 'get'>;
  readonly tenants: Pick<TenantStore, 'placesPage' | 'doubtPlace' | 'freeDoubtedPlace'>;
  readonly now: () => Date;
}

/** Tenants that are read at once. */
const TENANTS_AT_ONCE = 25;

/** Where the stage goes on: the page of tenants begins after `page`, and all its places up to `last` are done. */
const PlacesPosition = z.object({
  page: z.record(z.string(), z.unknown()).optional(),
  last: z.object({ tenantId: z.string(), member: z.string() }).optional(),
});
type PlacesPosition = z.infer<typeof PlacesPosition>;

/**
 * Frees the places that are held by no living attempt: its record is gone, it has ended, or another attempt is current.
 * A place is taken before its attempt has a record, so it is doubted at the first look, and freed at a second one, five
 * minutes later. Whoever takes it again takes the doubt away, so that it is not freed then; whoever took it before the
 * doubt has written the record long since, or never will.
 */
export const sweepPlaces: Stage<PlacesCollaborators> = async (collaborators, run, limit, after) => {
  const position = PlacesPosition.parse(after ?? {});
  const { items, faults, next } = await collaborators.tenants.placesPage(TENANTS_AT_ONCE, position.page);
  run.failures.errors.push(...faults);
  for (const { tenantId, livingAttempts } of items) run.deadPlaces.keepOnly(tenantId, livingAttempts);
  const doubtful = await withoutRunning(collaborators, run, placesAfter(items, position));
  const some = doubtful.slice(0, limit);
  await run.failures.keepAll(some, (place) => sweepPlace(collaborators, run, place));
  return { looked: some.length, next: nextPosition(position, next, some, doubtful.length > some.length) };
};

function placesAfter(tenants: readonly TenantPlaces[], { last }: PlacesPosition): Place[] {
  const from = Math.max(
    0,
    tenants.findIndex(({ tenantId }) => tenantId === last?.tenantId),
  );
  return tenants
    .slice(from)
    .flatMap(({ tenantId, livingAttempts }) => [...livingAttempts].sort().map((member) => ({ tenantId, member })))
    .filter(({ tenantId, member }) => tenantId !== last?.tenantId || member > last.member);
}

/** The list of executions is had only where there is anybody to look for in it. */
async function withoutRunning({ now }: PlacesCollaborators, run: SweepRun, places: readonly Place[]): Promise<Place[]> {
  const open = places.filter((place) => !run.deadPlaces.isWaiting(place, now()));
  if (open.length === 0) return [];
  const running = await run.running();
  return open.filter(({ member }) => !running.has(member));
}

function nextPosition(
  { page }: PlacesPosition,
  next: PageKey | undefined,
  done: readonly Place[],
  isCut: boolean,
): PlacesPosition | undefined {
  if (!isCut) return next && { page: next };
  return { ...(page ? { page } : {}), last: done.at(-1) };
}

async function sweepPlace(
  { dispatches, tenants, now }: PlacesCollaborators,
  run: SweepRun,
  place: Place,
): Promise<void> {
  const ref = parseAttemptName(place.member);
  const record = ref && (await dispatches.get(ref.dispatchId));
  if (ref && isLivingAttempt(record, ref)) return run.deadPlaces.forget(place);
  const { tenantId, member } = place;
  const since = run.deadPlaces.since(place);
  if (since === undefined) {
    const at = now().toISOString();
    if (await tenants.doubtPlace(tenantId, member, at)) run.deadPlaces.note(place, at);
    return;
  }
  // Where the doubt is gone, the next look begins anew.
  if (await tenants.freeDoubtedPlace(tenantId, member, since)) run.count('freed');
  run.deadPlaces.forget(place);
}
