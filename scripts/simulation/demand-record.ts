import type { PoolDemand } from '../../core/pool-demand.ts';
import { HISTORY_HOURS, HOUR_SECONDS } from './trace.ts';

const RECENT_MINUTES = 60;
const MISS_MINUTES = 5;
const WEEK_HOURS = 7 * 24;
/** How many boots of late the median is of. */
const BOOTS = 15;

/** What the manager's counters know of one agent: a claim or a miss counts into its minute. */
export class DemandRecord {
  private readonly claims: Uint32Array;
  private readonly misses: Uint32Array;
  private readonly boots: number[] = [];
  private medianBoot: number | undefined;
  waiting = 0;

  /**
   * @param earlier arrivals in each of the `HISTORY_HOURS` before the start, oldest first
   * @param usualBoot seconds that a boot takes as long as none is known
   */
  constructor(
    private readonly start: Date,
    seconds: number,
    private readonly earlier: Uint32Array | undefined,
    private readonly usualBoot: number,
  ) {
    const minutes = Math.ceil(seconds / 60) + 1;
    this.claims = new Uint32Array(minutes);
    this.misses = new Uint32Array(minutes);
  }

  claimed(time: number): void {
    count(this.claims, time);
  }

  missed(time: number): void {
    count(this.misses, time);
  }

  booted(seconds: number): void {
    this.boots.push(seconds);
    if (this.boots.length > BOOTS) this.boots.shift();
    this.medianBoot = undefined;
  }

  /** @param time seconds after the start */
  at(time: number): PoolDemand {
    const minute = Math.floor(time / 60);
    const usual = this.usualPerMinute(Math.floor(time / HOUR_SECONDS));
    const arrivalsPerMinute: number[] = [];
    for (let past = RECENT_MINUTES - 1; past >= 0; past--) arrivalsPerMinute.push(this.arrivals(minute - past));
    return {
      now: new Date(this.start.getTime() + time * 1000),
      claims: sumUpTo(this.claims, minute, MISS_MINUTES),
      misses: sumUpTo(this.misses, minute, MISS_MINUTES),
      waiting: this.waiting,
      arrivalsPerMinute,
      ...(usual === undefined ? {} : { usualArrivalsPerMinute: usual }),
      bootSeconds: this.bootSeconds(),
    };
  }

  private bootSeconds(): number {
    this.medianBoot ??= [...this.boots].sort((a, b) => a - b)[this.boots.length >> 1] ?? this.usualBoot;
    return this.medianBoot;
  }

  private arrivals(minute: number): number {
    return (this.claims[minute] ?? 0) + (this.misses[minute] ?? 0);
  }

  /** The mean of this hour one week and two weeks ago, as far as they are known. */
  private usualPerMinute(hour: number): number | undefined {
    const lastWeek = this.arrivalsOfHour(hour - WEEK_HOURS);
    const before = this.arrivalsOfHour(hour - 2 * WEEK_HOURS);
    if (lastWeek === undefined) return undefined;
    return (before === undefined ? lastWeek : (lastWeek + before) / 2) / 60;
  }

  private arrivalsOfHour(hour: number): number | undefined {
    if (hour < 0) return this.earlier?.[HISTORY_HOURS + hour];
    let sum = 0;
    for (let minute = hour * 60; minute < (hour + 1) * 60; minute++) sum += this.arrivals(minute);
    return sum;
  }
}

function count(minutes: Uint32Array, time: number): void {
  const minute = Math.floor(time / 60);
  minutes[minute] = (minutes[minute] ?? 0) + 1;
}

/** The sum of `length` minutes, `last` among them. */
function sumUpTo(minutes: Uint32Array, last: number, length: number): number {
  let sum = 0;
  for (let minute = Math.max(last - length + 1, 0); minute <= last; minute++) sum += minutes[minute] ?? 0;
  return sum;
}
