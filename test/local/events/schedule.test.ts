import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { compileSchedule } from '../../../local/events/schedule.ts';
import { Schedules } from '../../../local/events/schedules.ts';

const at = (time: string) => Date.parse(`${time}Z`);

describe('a schedule expression', () => {
  it.each([
    ['rate(1 minute)', '2026-11-21T10:00:30', '2026-11-21T10:01:30'],
    ['rate(5 minutes)', '2026-11-21T10:00:00', '2026-11-21T10:05:00'],
    ['rate(2 hours)', '2026-11-21T10:00:00', '2026-11-21T12:00:00'],
    ['rate(1 day)', '2026-11-21T10:00:00', '2026-11-22T10:00:00'],
    ['cron(* * * * ? *)', '2026-11-21T10:00:00', '2026-11-21T10:01:00'],
    ['cron(0/15 * * * ? *)', '2026-11-21T10:16:30', '2026-11-21T10:30:00'],
    ['cron(0 10 * * ? *)', '2026-11-21T10:00:00', '2026-11-22T10:00:00'],
    ['cron(15 12 ? * MON-FRI *)', '2026-11-21T10:00:00', '2026-11-23T12:15:00'],
    ['cron(0 0 1 1,7 ? *)', '2026-11-21T10:00:00', '2027-01-01T00:00:00'],
    ['cron(0 8 29 FEB ? *)', '2026-11-21T10:00:00', '2028-02-29T08:00:00'],
    ['cron(0 8 ? * 1 2027)', '2026-11-21T10:00:00', '2027-01-03T08:00:00'],
  ])('%s fires after %s at %s', (expression, after, next) => {
    expect(new Date(compileSchedule(expression)(at(after))).toISOString()).toBe(`${next}.000Z`);
  });

  it('that has no time left never fires', () => {
    expect(compileSchedule('cron(0 0 1 1 ? 2020)')(at('2026-11-21T10:00:00'))).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    'every minute',
    'rate(1 minutes)',
    'rate(5 minute)',
    'rate(0 minutes)',
    'rate(1 second)',
    'cron(* * * * *)',
    'cron(* * * * * *)',
    'cron(60 * * * ? *)',
    'cron(0 0 L * ? *)',
    'cron(0 0 ? * 2#1 *)',
    'cron(5-1 * * * ? *)',
    'cron(0/0 * * * ? *)',
  ])('%s is refused', (expression) => {
    expect(() => compileSchedule(expression)).toThrow(/^ScheduleExpression: /);
  });
});

describe('schedules', () => {
  beforeEach(() => void vi.useFakeTimers({ now: at('2026-11-21T10:00:30') }));
  afterEach(() => void vi.useRealTimers());

  it('fire at each time, and no more once closed', () => {
    const schedules = new Schedules();
    const fired: number[] = [];
    schedules.start(compileSchedule('cron(* * * * ? *)'), (time) => fired.push(time));

    vi.advanceTimersByTime(150_000);
    schedules.close();
    vi.advanceTimersByTime(150_000);

    expect(fired).toEqual([at('2026-11-21T10:01:00'), at('2026-11-21T10:02:00'), at('2026-11-21T10:03:00')]);
  });

  it('wait longer than one timer can', () => {
    const schedules = new Schedules();
    const fired: number[] = [];
    schedules.start(compileSchedule('rate(40 days)'), (time) => fired.push(time));

    vi.advanceTimersByTime(39 * 86_400_000);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(86_400_000);

    expect(fired).toHaveLength(1);
    schedules.close();
  });
});
