/**
 * Milliseconds from a time (ISO 8601, milliseconds since 1970, or a date) until now.
 * @param ofUnknown where there is no such time
 */
export function msSince(time: string | number | Date | undefined, now: Date, ofUnknown = 0): number {
  return time === undefined ? ofUnknown : now.getTime() - new Date(time).getTime();
}
