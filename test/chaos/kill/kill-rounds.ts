import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidArgumentError } from 'commander';
import { currentAssembly } from '../../../local/assembly.ts';
import { command, runCommand } from '../../../local/cli/command-line.ts';
import { type KillableAws, startKillableAws } from '../killable-aws.ts';
import { randomFrom } from '../random.ts';
import { ItemLoad } from './item-load.ts';
import type { Load } from './load.ts';
import { ObjectLoad } from './object-load.ts';

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const BOOT_LIMIT_MS = 5_000;
const MIN_LOAD_MS = 300;
const MAX_LOAD_MS = 2_500;
const SHOWN_FAULTS = 20;

interface KillOptions {
  readonly rounds: number;
  readonly seed: number;
}

interface Round {
  readonly number: number;
  readonly loads: readonly Load[];
  readonly killAfterMs: number;
  /** Starts it with the same data. */
  readonly start: () => Promise<KillableAws>;
}

interface RoundResult {
  /** Booted again; `undefined` where it doesn't boot. */
  readonly aws: KillableAws | undefined;
  readonly acknowledged: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

const program = command('chaos:kill', 'Kills the embedded AWS under a load, boots it again, and checks what it holds.')
  .option('--rounds <number>', 'how many times', wholeNumber, 20)
  .option('--seed <number>', 'where the moments of the kills follow from', wholeNumber, 1 + (Date.now() % 1_000_000));

await runCommand<KillOptions>(program, async ({ rounds, seed }) => {
  console.log(`seed ${seed}`);
  const folder = mkdtempSync(join(tmpdir(), 'outpost-kill-rounds-'));
  try {
    const failed = await runRounds(folder, rounds, randomFrom(seed));
    console.log(`${rounds - failed} passed, ${failed} failed`);
    return failed > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Returns how many failed; those after one that it doesn't boot from did, too. */
async function runRounds(folder: string, rounds: number, random: () => number): Promise<number> {
  // A copy: whatever is built meanwhile, each round boots the same.
  const assembly = join(folder, 'assembly');
  cpSync(await currentAssembly(console.log), assembly, { recursive: true });
  const start = () => startKillableAws({ data: join(folder, 'data'), assembly });
  const loads = [new ItemLoad(), new ObjectLoad()];
  let aws = await start();
  let failed = 0;
  try {
    for (let number = 1; number <= rounds; number += 1) {
      const killAfterMs = Math.round(MIN_LOAD_MS + random() * (MAX_LOAD_MS - MIN_LOAD_MS));
      const result = await runRound(aws, { number, loads, killAfterMs, start });
      if (!report({ number, killAfterMs }, result)) failed += 1;
      if (!result.aws) return failed + rounds - number;
      aws = result.aws;
    }
  } finally {
    await aws.kill();
  }
  return failed;
}

async function runRound(aws: KillableAws, { number, loads, killAfterMs, start }: Round): Promise<RoundResult> {
  const running = Promise.allSettled(loads.map((load) => load.run(aws, number)));
  await delay(killAfterMs);
  await aws.kill();
  const runs = await running;
  const acknowledged = Object.assign({}, ...runs.map((run) => (run.status === 'fulfilled' ? run.value : {})));
  const refused = runs.flatMap((run) => (run.status === 'rejected' ? [`refused: ${String(run.reason)}`] : []));
  try {
    const next = await start();
    const faults = await Promise.all(loads.map((load) => load.faults(next).catch(unreadable)));
    return { aws: next, acknowledged, faults: [...refused, ...faults.flat()] };
  } catch (error) {
    return { aws: undefined, acknowledged, faults: [...refused, String(error)] };
  }
}

function unreadable(error: unknown): string[] {
  return [`unreadable: ${String(error)}`];
}

/** Prints a round; returns whether it passed. */
function report({ number, killAfterMs }: Pick<Round, 'number' | 'killAfterMs'>, result: RoundResult): boolean {
  const { aws, acknowledged, faults } = result;
  const passed = faults.length === 0 && aws !== undefined && aws.bootMs < BOOT_LIMIT_MS;
  const counts = Object.entries(acknowledged).map(([kind, count]) => `${count} ${kind}`);
  const lost = faults.filter((fault) => fault.startsWith('lost')).length;
  console.log(
    `${passed ? 'passed' : 'FAILED'} ${number}: killed after ${killAfterMs} ms, ${counts.join(', ')} acknowledged, ` +
      `${lost} lost, ${faults.length - lost} wrong, ${aws ? `ready again in ${(aws.bootMs / 1000).toFixed(2)} s` : 'not ready again'}`,
  );
  for (const fault of faults.slice(0, SHOWN_FAULTS)) console.log(`  ${fault}`);
  if (faults.length > SHOWN_FAULTS) console.log(`  … and ${faults.length - SHOWN_FAULTS} more`);
  return passed;
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It takes a whole number from 1.');
}
