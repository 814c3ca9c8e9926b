import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { currentAssembly } from '../../local/assembly.ts';
import { command, runCommand } from '../../local/cli/command-line.ts';
import { report, reportAll } from './report.ts';
import { runSeed, type SeedResult, SLOTS } from './run-seed.ts';

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

interface ChaosOptions {
  readonly dispatches: number;
  readonly seed: number;
  readonly minutes?: number;
  readonly rounds: number;
  readonly atOnce: number;
  readonly keep: boolean;
  readonly untilFailed: boolean;
}

/** A dispatch in so many milliseconds, where nobody says how long it takes. */
const PACE_MS = 300;
/** How long it may take until nothing goes on any more: replays of the archive may have begun every dispatch anew. */
const QUIET_MS = 60_000;
const QUIET_MS_A_DISPATCH = 2_000;
/** Everything is killed once for so many dispatches; in short rounds, in every third one. */
const DISPATCHES_A_KILL = 40;

const program = command(
  'chaos',
  'Lets clients use Outpost while everything fails, and checks that nothing hangs and nothing is lost.',
)
  .option('--dispatches <number>', 'how many in a round', wholeNumber, 24)
  .option(
    '--seed <number>',
    'where faults and load follow from; the next rounds have the next ones',
    wholeNumber,
    1 + (Date.now() % 1_000_000),
  )
  .option('--minutes <number>', 'how long clients submit', positive)
  .option('--rounds <number>', 'how many, each with a boot of its own', wholeNumber, 1)
  .option('--at-once <number>', 'rounds at the same time', wholeNumber, 1)
  .option('--until-failed', 'begins no other round once one has failed', false)
  .option('--keep', "keeps each round's data folder, and says where it is", false);

await runCommand<ChaosOptions>(program, async (options) => {
  // A copy: whatever is built meanwhile, each round boots the same.
  const copy = mkdtempSync(join(tmpdir(), 'outpost-chaos-assembly-'));
  try {
    cpSync(await currentAssembly(console.log, { pool: `shell=${SLOTS.min}-${SLOTS.max}` }), copy, { recursive: true });
    const results = await runRounds(options, copy);
    return reportAll(results) ? 0 : 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

async function runRounds(options: ChaosOptions, assembly: string): Promise<SeedResult[]> {
  const { rounds, seed, dispatches, atOnce, keep } = options;
  const spreadMs = options.minutes === undefined ? dispatches * PACE_MS : options.minutes * 60_000;
  const seeds = Array.from({ length: rounds }, (_, round) => seed + round);
  const results: SeedResult[] = [];
  const run = async () => {
    for (let next = seeds.shift(); next !== undefined; next = seeds.shift()) {
      const kills = Math.floor(dispatches / DISPATCHES_A_KILL) || Number(next % 3 === 0);
      const archiveReplays = 1 + Math.floor(dispatches / 150);
      const result = await runSeed({
        seed: next,
        dispatches,
        spreadMs,
        quietMs: QUIET_MS + dispatches * QUIET_MS_A_DISPATCH,
        kills,
        archiveReplays,
        assembly,
        keep,
      });
      report(result, { again: repeat(next, options), keep });
      results.push(result);
      if (options.untilFailed && result.violations.length > 0) seeds.length = 0;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  return results;
}

/** The command that runs a round of it once more. */
function repeat(seed: number, { dispatches, minutes }: ChaosOptions): string {
  return `npm run chaos -- --dispatches ${dispatches} --seed ${seed}${minutes === undefined ? '' : ` --minutes ${minutes}`}`;
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It takes a whole number from 1.');
}

function positive(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('It takes a number above 0.');
}
