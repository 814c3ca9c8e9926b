/** A member of a tenant's set of living attempts. */
export interface Place {
  readonly tenantId: string;
  readonly member: string;
}

/**
 * Milliseconds that a place is doubted before it is freed. It is taken before there is a record, by functions that live for
 * half a minute.
 */
export const DEAD_PLACE_MS = 5 * 60_000;
/** As many as the sweep's item has room for; others wait until these are freed. */
const MOST_NOTED = 1_000;

/** The places that seem to be held by no living attempt, and since when they are doubted (ISO 8601). */
export class DeadPlaces {
  private readonly seen: Map<string, string>;

  constructor(noted: Readonly<Record<string, string>>) {
    this.seen = new Map(Object.entries(noted));
  }

  get noted(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.seen);
  }

  /** Noted, but not for so long that it could be freed. */
  isWaiting(place: Place, now: Date): boolean {
    const since = this.seen.get(keyOf(place));
    return since !== undefined && now.getTime() - Date.parse(since) < DEAD_PLACE_MS;
  }

  since(place: Place): string | undefined {
    return this.seen.get(keyOf(place));
  }

  note(place: Place, since: string): void {
    if (this.seen.size < MOST_NOTED) this.seen.set(keyOf(place), since);
  }

  forget(place: Place): void {
    this.seen.delete(keyOf(place));
  }

  /** Forgets the tenant's places that nobody holds any more. */
  keepOnly(tenantId: string, members: ReadonlySet<string>): void {
    const prefix = keyOf({ tenantId, member: '' });
    for (const key of this.seen.keys()) {
      if (key.startsWith(prefix) && !members.has(key.slice(prefix.length))) this.seen.delete(key);
    }
  }
}

/** A tenant's id holds no space. */
function keyOf({ tenantId, member }: Place): string {
  return `${tenantId} ${member}`;
}
