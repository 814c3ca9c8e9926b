import { groupedBy } from './grouped.ts';
import type { SeedResult } from './run-seed.ts';
import { timelineOf } from './timeline.ts';

const SHOWN_VIOLATIONS = 20;
const SHOWN_TIMELINES = 3;

/** Prints a round; of what went wrong, the timelines of the first dispatches. */
export function report(result: SeedResult, { again, keep }: { readonly again: string; readonly keep: boolean }): void {
  const { seed, violations, evidence, took, folder } = result;
  const times = Object.entries(took)
    .map(([part, ms]) => `${part} ${(ms / 1000).toFixed(1)} s`)
    .join(', ');
  console.log(`${violations.length === 0 ? 'passed' : 'FAILED'} seed ${seed}: ${countsOf(result)} (${times})`);
  if (keep) console.log(`  ${folder}`);
  if (violations.length === 0) return;
  for (const { rule, what, id } of violations.slice(0, SHOWN_VIOLATIONS))
    console.log(`  ${rule}: ${what}${id ? ` (${id})` : ''}`);
  if (violations.length > SHOWN_VIOLATIONS) console.log(`  … and ${violations.length - SHOWN_VIOLATIONS} more`);
  console.log(`  Again: ${again}`);
  if (!evidence) return;
  const ids = [...new Set(violations.flatMap(({ id }) => id ?? []))];
  for (const id of ids.slice(0, SHOWN_TIMELINES)) {
    console.log(
      `\n  ${id}\n${timelineOf(evidence, id)
        .map((line) => `    ${line}`)
        .join('\n')}\n`,
    );
  }
}

/** Prints the sum of all rounds; returns whether all passed. */
export function reportAll(results: readonly SeedResult[]): boolean {
  const failed = results.filter(({ violations }) => violations.length > 0);
  const dispatches = results.reduce((sum, { evidence }) => sum + (evidence?.records.length ?? 0), 0);
  const seeds = failed.map(({ seed }) => seed).toSorted((a, b) => a - b);
  console.log(
    `${results.length - failed.length} of ${results.length} rounds passed, ${dispatches} dispatches` +
      (failed.length > 0 ? `; failed: seeds ${seeds.join(', ')}` : ''),
  );
  return failed.length === 0;
}

function countsOf({ evidence }: SeedResult): string {
  if (!evidence) return 'it broke';
  const { records, faults, restarts } = evidence;
  const statuses = [...groupedBy(records, ({ status }) => status)].map(
    ([status, group]) => `${group.length} ${status}`,
  );
  const attempts = records.reduce((sum, { attempt }) => sum + attempt, 0);
  const warm = records.filter(({ slotId }) => slotId !== undefined).length;
  const kills = restarts.filter(({ what }) => what === 'killed').length;
  return `${records.length} dispatches, ${attempts} attempts (${statuses.join(', ')}; ${warm} warm), ${faults.length} faults, ${kills} kills`;
}
