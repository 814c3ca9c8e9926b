/** When a rule fires next after a time; both in milliseconds since the epoch. */
export type Schedule = (after: number) => number;

const MINUTE = 60_000;
const UNITS: Readonly<Record<string, number>> = { minute: MINUTE, hour: 60 * MINUTE, day: 24 * 60 * MINUTE };
const YEARS_AHEAD = 5;

/**
 * Compiles `rate(5 minutes)` or `cron(minutes hours day-of-month month day-of-week year)`, in UTC. Throws for what
 * EventBridge refuses and for `L`, `W` and `#`, which the embedded AWS does not know.
 */
export function compileSchedule(expression: string): Schedule {
  const [, kind, inside = ''] = /^(rate|cron)\((.*)\)$/.exec(expression) ?? [];
  if (kind === 'rate') return rate(inside, expression);
  if (kind === 'cron') return cron(inside, expression);
  throw new Error(`ScheduleExpression: '${expression}' is not rate(…) or cron(…)`);
}

function rate(inside: string, expression: string): Schedule {
  const [, count = '0', unit = '', plural = ''] = /^(\d+) (minute|hour|day)(s?)$/.exec(inside) ?? [];
  const every = Number(count) * (UNITS[unit] ?? 0);
  if (every === 0 || (plural === '') !== (Number(count) === 1)) {
    throw new Error(`ScheduleExpression: '${expression}' is not a rate: 'rate(1 minute)', 'rate(5 minutes)'`);
  }
  return (after) => after + every;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'minutes', min: 0, max: 59, words: [] },
  { name: 'hours', min: 0, max: 23, words: [] },
  { name: 'day-of-month', min: 1, max: 31, words: [] },
  {
    name: 'month',
    min: 1,
    max: 12,
    words: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  { name: 'day-of-week', min: 1, max: 7, words: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
  { name: 'year', min: 1970, max: 2199, words: [] },
];

function cron(inside: string, expression: string): Schedule {
  const texts = inside.split(' ');
  if (texts.length !== FIELDS.length) throw new Error(`ScheduleExpression: '${expression}' needs six fields`);
  if ((texts[2] === '?') === (texts[4] === '?')) {
    throw new Error(`ScheduleExpression: '${expression}' needs '?' as day-of-month or as day-of-week`);
  }
  const [minutes, hours, days, months, weekdays, years] = FIELDS.map((field, index) =>
    values(texts[index] ?? '', field, expression),
  );
  const onDay = (time: Date) =>
    years?.has(time.getUTCFullYear()) &&
    months?.has(time.getUTCMonth() + 1) &&
    days?.has(time.getUTCDate()) &&
    weekdays?.has(time.getUTCDay() + 1);
  return (after) => {
    const end = after + YEARS_AHEAD * 366 * 24 * 60 * MINUTE;
    for (let at = Math.floor(after / MINUTE + 1) * MINUTE; at < end; ) {
      const time = new Date(at);
      if (!onDay(time)) at = Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate() + 1);
      else if (hours?.has(time.getUTCHours()) && minutes?.has(time.getUTCMinutes())) return at;
      else at += MINUTE;
    }
    return Number.POSITIVE_INFINITY;
  };
}

function values(text: string, field: Field, expression: string): ReadonlySet<number> {
  const result = new Set<number>();
  for (const part of text.split(',')) {
    const [, range = '', step] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
    const [from, to] = bounds(range, field, step !== undefined);
    if (!(from >= field.min && to <= field.max && from <= to && Number(step ?? 1) > 0)) {
      throw new Error(`ScheduleExpression: '${part}' in '${expression}' is not supported as ${field.name}`);
    }
    for (let value = from; value <= to; value += Number(step ?? 1)) result.add(value);
  }
  return result;
}

/** `NaN` for what is not a number or a name of the field. */
function bounds(range: string, field: Field, stepped: boolean): [number, number] {
  if (range === '*' || range === '?') return [field.min, field.max];
  const [first = '', last] = range.split('-');
  const from = numberOf(first, field);
  return [from, last === undefined ? (stepped ? field.max : from) : numberOf(last, field)];
}

function numberOf(text: string, field: Field): number {
  const word = field.words.indexOf(text.toUpperCase());
  if (word >= 0) return word + field.min;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
