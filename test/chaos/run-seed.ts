import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processesMentioning } from '../e2e/harness.ts';
import { becomeQuiet } from './become-quiet.ts';
import { check } from './checks/checker.ts';
import type { Violation } from './checks/violation.ts';
import { type Evidence, gatherEvidence } from './evidence/evidence.ts';
import { HostileOutpost } from './hostile-outpost.ts';
import { ASYNC_RETRY_AFTER_MS, HOSTILE_RATES } from './hostile-rates.ts';
import { planErrands } from './load/plan-errands.ts';
import { runLoad } from './load/run-load.ts';

/** Enough that a burst of dispatches finds some warm, and few enough that others do not. */
export const SLOTS = { min: 3, max: 4 } as const;
const PROCESSES_GONE_MS = 5_000;

export interface SeedOptions {
  readonly seed: number;
  readonly dispatches: number;
  /** Milliseconds within which clients begin. */
  readonly spreadMs: number;
  /** Milliseconds that it may take afterwards until nothing goes on. */
  readonly quietMs: number;
  readonly kills: number;
  readonly archiveReplays: number;
  readonly assembly: string;
  /** Whether the data folder stays. */
  readonly keep: boolean;
}

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly evidence: Evidence | undefined;
  readonly folder: string;
  /** Milliseconds that each part took. */
  readonly took: Readonly<Record<string, number>>;
}

/** Boots Outpost under the faults of a seed, lets clients use it, and holds what they heard against what is there. */
export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed, keep } = options;
  const folder = mkdtempSync(join(tmpdir(), `outpost-chaos-${seed}-`));
  const outpost = new HostileOutpost({
    data: join(folder, 'data'),
    assembly: options.assembly,
    faults: { seed, rates: HOSTILE_RATES, asyncRetryAfterMs: [...ASYNC_RETRY_AFTER_MS] },
    logFile: join(folder, 'outpost.log'),
  });
  const watch = new Stopwatch();
  try {
    const { violations, evidence } = await useAndCheck(outpost, options, folder, watch);
    await watch.time('close', () => outpost.close());
    const left = await processesLeft(folder);
    return { seed, violations: [...violations, ...left], evidence, folder, took: watch.took };
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const broken = { rule: 'Outpost boots, answers and closes', what };
    return { seed, violations: [broken], evidence: undefined, folder, took: watch.took };
  } finally {
    await outpost.kill().catch(() => {});
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }
}

async function useAndCheck(outpost: HostileOutpost, options: SeedOptions, folder: string, watch: Stopwatch) {
  const { seed, dispatches, quietMs } = options;
  const diaryFile = join(folder, 'diary');
  const errands = planErrands(dispatches, seed, diaryFile);
  await watch.time('boot', () => outpost.up());
  const requests = await watch.time('load', () => runLoad(outpost, { ...options, errands }));
  const aws = await outpost.up();
  const { restarts, data } = outpost;
  const open = await watch.time('quiet', () => becomeQuiet(aws, data, quietMs));
  const sources = { data, diaryFile, errands, requests, restarts, maxSlots: SLOTS.max };
  const evidence = await watch.time('check', () => gatherEvidence(aws, sources));
  const hanging = open.map(({ what, id }) => ({ rule: `quiet within ${quietMs / 1000} s`, what, id }));
  return { violations: [...hanging, ...check(evidence)], evidence };
}

/** Milliseconds that each part of a round took. */
class Stopwatch {
  readonly took: Record<string, number> = {};

  async time<T>(part: string, act: () => Promise<T>): Promise<T> {
    const begun = Date.now();
    try {
      return await act();
    } finally {
      this.took[part] = Date.now() - begun;
    }
  }
}

/** What agents and workers are still alive once everything was closed: each has the data folder's path about it. */
async function processesLeft(folder: string): Promise<Violation[]> {
  const begun = Date.now();
  for (;;) {
    const pids = processesMentioning(folder);
    if (pids.length === 0) return [];
    if (Date.now() - begun > PROCESSES_GONE_MS) {
      return [{ rule: 'no process is left', what: `processes ${pids.join(', ')} outlive their embedded AWS` }];
    }
    await delay(100);
  }
}
