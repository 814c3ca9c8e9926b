/** Stands, in an `EventKind`, for a value that is only known once the event happens: any condition may hold for it. */
export const ANY_VALUE = Symbol('any value');

/**
 * What a service may publish on the default bus. Where a field has several possible values they are listed; a field
 * that is not there never is.
 */
export interface EventKind {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** All fields of an event that is of a kind. */
export function eventOfKind(kind: EventKind): Readonly<Record<string, unknown>> {
  const filledIn = ['version', 'id', 'account', 'time', 'region', 'replay-name', 'resources'];
  return { ...Object.fromEntries(filledIn.map((field) => [field, ANY_VALUE])), ...kind };
}
