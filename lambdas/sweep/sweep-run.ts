import { SWEEP_REPAIRS, type SweepRepair } from '../../core/metrics.ts';
import type { Executions } from '../shared/executions.ts';
import { Failures } from '../shared/failures.ts';
import type { DeadPlaces } from './dead-places.ts';

/** How often each thing was put right. */
export type Repairs = Readonly<Record<SweepRepair, number>>;

/** What the stages of one run share: what failed, what was put right, and what they have learnt. */
export class SweepRun {
  readonly failures = new Failures('Not all could be swept');
  private readonly counts = Object.fromEntries(SWEEP_REPAIRS.map((repair) => [repair, 0])) as Record<
    SweepRepair,
    number
  >;
  private listed: Promise<ReadonlySet<string>> | undefined;

  constructor(
    private readonly executions: Pick<Executions, 'running'>,
    readonly deadPlaces: DeadPlaces,
  ) {}

  get repairs(): Repairs {
    return this.counts;
  }

  count(repair: SweepRepair): void {
    this.counts[repair]++;
  }

  /**
   * The names of the attempts whose executions run, listed once. Whoever is not among them is asked for one by one, so a
   * list that cannot be had is as good as an empty one.
   */
  running(): Promise<ReadonlySet<string>> {
    this.listed ??= this.failures.keep(() => this.executions.running()).then((names) => names ?? new Set());
    return this.listed;
  }
}
