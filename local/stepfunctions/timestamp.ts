const RFC_3339 = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Milliseconds since the epoch of an RFC 3339 timestamp with `T` and an offset, which is what Wait takes; digits below
 * a millisecond are cut off. `undefined` for anything else, `25:29:29` and `2016-13-05` included.
 */
export function parseTimestamp(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (!match) return undefined;
  const [, date, hours, minutes, seconds, fraction = '', offset] = match;
  const time = Date.parse(`${date}T${hours}:${minutes}:${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${offset}`);
  if (Number.isNaN(time)) return undefined;
  // Date.parse takes `2016-02-30`; the day must survive the way back.
  const day = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(`${date}`) ? time : undefined;
}

let lastTime = Number.NaN;
let lastText = '';

/** ISO 8601 of milliseconds since the epoch. Many states are entered in the same millisecond, so the last is kept. */
export function isoTime(time: number): string {
  if (time !== lastTime) {
    lastText = new Date(time).toISOString();
    lastTime = time;
  }
  return lastText;
}
