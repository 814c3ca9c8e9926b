import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKPOINT_INDEX } from '../../core/artifact-keys.ts';
import { isTerminal } from '../../core/dispatch-status.ts';
import type { Manifest } from '../../core/manifest.ts';
import { random } from '../../scripts/simulation/random.ts';
import { type EndedAttempt, endAttempt } from './end-attempt.ts';
import { openWorker, until, type WorkerInTest, type WorkerRun } from './worker-in-test.ts';

/** Of each signal; `SIGNAL_MOMENTS=100 npm run test:slow -- signals` tries 100. */
const MOMENTS = Number(process.env['SIGNAL_MOMENTS'] ?? 9);
const SEED = Number(process.env['SIGNAL_SEED'] ?? 1);
const AT_ONCE = 6;
const INTERVAL_MS = 400;
/** What other work of the machine may add to a checkpoint that was not finished. */
const NOISE_MS = 1_000;
const FILE_EVERY_MS = 40;

/** Writes so many files that say when, and ends by itself; or where its worker is gone. It starts no process. */
const writing = (files: number) => `exec 3<> <(:)
  for ((n = 1; n <= ${files}; n++)); do
    echo "$EPOCHREALTIME" > "file-$n"; echo "$n"; read -rt ${FILE_EVERY_MS / 1000} -u 3 || true
  done`;

/** Milliseconds, where nobody disturbs it. */
interface Life {
  /** How many its agent writes. */
  readonly files: number;
  /** From a worker's start to its end. */
  readonly workerMs: number;
  /** From its agent's first file to its own end: it has something to lose. */
  readonly losingMs: number;
}

let worker: WorkerInTest;
/** Its agent is still at it when it has its first checkpoint, on a slow machine too. */
let brief: Life;
/** It goes on for twice the time in which anything may be lost. */
let long: Life;

beforeAll(async () => {
  worker = await openWorker();
  const firstSavedMs = Math.max(...(await atOnce(measureFirstCheckpoint)));
  const files = Math.max(20, Math.ceil((2 * firstSavedMs) / FILE_EVERY_MS));
  const lives = await atOnce(() => measureLife(files));
  const [workerMs, losingMs] = [middle(lives.map((one) => one.workerMs)), middle(lives.map((one) => one.losingMs))];
  brief = { files, workerMs, losingMs };
  const moreMs = 2 * lossMs(firstSavedMs);
  long = { files: files + Math.ceil(moreMs / FILE_EVERY_MS), workerMs: workerMs + moreMs, losingMs: losingMs + moreMs };
}, 300_000);
afterAll(() => worker.close());

function atOnce<T>(work: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: AT_ONCE }, work));
}

/**
 * How old a lost file may be, where no checkpoint took longer: the last may just not have been finished, and have taken
 * longer than the one before; after that is a pause as long.
 */
function lossMs(checkpointMs: number): number {
  return Math.max(INTERVAL_MS, 2 * checkpointMs) + checkpointMs + NOISE_MS;
}

function middle(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;
}

async function measureFirstCheckpoint(): Promise<number> {
  const run = await start(100_000);
  await written(run, 'file-1');
  const writesAt = performance.now();
  await until(async () => (await run.objects()).includes(CHECKPOINT_INDEX));
  const savedAt = performance.now();
  run.process.kill('SIGTERM');
  await run.ended;
  return savedAt - writesAt;
}

async function measureLife(files: number): Promise<Life> {
  const begunAt = performance.now();
  const run = await start(files);
  await written(run, 'file-1');
  const writesAt = performance.now();
  const { exitCode } = await run.ended;
  if (exitCode !== 0) throw new Error(`An undisturbed worker ended with ${exitCode}.`);
  const endedAt = performance.now();
  return { files, workerMs: endedAt - begunAt, losingMs: endedAt - writesAt };
}

function written({ workspace }: WorkerRun, name: string): Promise<void> {
  return until(() => existsSync(join(workspace, name)));
}

/** A moment in a worker's life: in all of it, or rather where there is something to lose. */
interface Moment {
  readonly fromFirstFile: boolean;
  readonly afterMs: number;
}

function moments(seed: number, life: Life): Moment[] {
  const chance = random(seed, 0);
  return Array.from({ length: MOMENTS }, () => {
    const fromFirstFile = chance.uniform() > 0.2;
    return { fromFirstFile, afterMs: chance.uniform() * (fromFirstFile ? life.losingMs : life.workerMs) };
  });
}

function start(files: number): Promise<WorkerRun> {
  return worker.run(writing(files), { environment: { CHECKPOINT_SECONDS: String(INTERVAL_MS / 1000) } });
}

interface Struck {
  readonly run: WorkerRun;
  readonly exitCode: number | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly ended: EndedAttempt;
  readonly manifest: Manifest | undefined;
  /** When the files were written that lie on the disk and are not in the output as they lie there. */
  readonly lost: readonly number[];
}

/** Starts a worker, sends it the signal at that moment, and ends its attempt. */
async function strike(
  signal: 'SIGTERM' | 'SIGKILL',
  { files }: Life,
  { fromFirstFile, afterMs }: Moment,
): Promise<Struck> {
  const run = await start(files);
  if (fromFirstFile) await written(run, 'file-1');
  await Promise.race([delay(afterMs), run.ended]);
  const at = Date.now();
  run.process.kill(signal);
  const { exitCode } = await run.ended;
  // ECS says of a container that was killed that it exited with 137.
  const ended = await endAttempt(worker, run, exitCode ?? 137);
  const manifest = (await run.objects()).includes('manifest.json') ? await run.manifest() : undefined;
  return { run, exitCode, at, ended, manifest, lost: lostFiles(run.workspace, manifest) };
}

function lostFiles(workspace: string, manifest: Manifest | undefined): number[] {
  const saved = new Map(manifest?.files.map(({ path, sha256 }) => [path, sha256]));
  if (!existsSync(workspace)) return [];
  const contents = readdirSync(workspace).map((name) => [name, readFileSync(join(workspace, name))] as const);
  const lost = contents.filter(([name, content]) => {
    return content.length > 0 && saved.get(name) !== createHash('sha256').update(content).digest('hex');
  });
  return lost.map(([, content]) => Number(content.toString('utf8')) * 1000);
}

/** Strikes at random moments of a worker's life, a few workers at once. */
async function strikeAll(signal: 'SIGTERM' | 'SIGKILL', life: Life, seed: number): Promise<Struck[]> {
  const left = moments(seed, life);
  const struck: Struck[] = [];
  const strikeOn = async () => {
    for (let moment = left.pop(); moment !== undefined; moment = left.pop()) {
      struck.push(await strike(signal, life, moment));
    }
  };
  await atOnce(strikeOn);
  return struck;
}

function count<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.filter(holds).length;
}

const isCheckpoint = ({ manifest }: Struck) => manifest?.checkpoint !== undefined;

async function expectTerminal(struck: readonly Struck[]): Promise<void> {
  const records = await Promise.all(struck.map(({ run }) => worker.dispatches.get(run.dispatchId)));
  expect(records.filter((record) => record === undefined || !isTerminal(record.status))).toEqual([]);
}

describe('a worker that is asked to stop, at any moment', () => {
  it('has everything in S3 that its agent had written', { timeout: 300_000 }, async () => {
    const struck = await strikeAll('SIGTERM', brief, SEED);

    const exits = (code: number | null) => count(struck, ({ exitCode }) => exitCode === code);
    const early = count(struck, ({ manifest }) => manifest === undefined);
    console.log(
      `SIGTERM at ${struck.length} moments of ${Math.round(brief.workerMs)} ms: ${exits(143)} stopped, ${exits(0)} had finished, ${exits(null)} died of it, ${early} had not begun; ${count(struck, ({ lost }) => lost.length > 0)} lost a file.`,
    );
    expect(struck.filter(({ lost }) => lost.length > 0).map(({ run }) => run.dispatchId)).toEqual([]);
    // Before Node has begun to listen, a signal ends it at once.
    expect(struck.filter(({ exitCode }) => ![143, 0, null].includes(exitCode))).toEqual([]);
    expect(struck.filter(({ exitCode, run }) => exitCode === null && readdirSync(run.workspace).length > 0)).toEqual(
      [],
    );
    expect(struck.filter(isCheckpoint)).toEqual([]);
    await expectTerminal(struck);
  });
});

describe('a worker that is killed, at any moment', () => {
  it('has everything in S3 that is older than its last checkpoint', { timeout: 300_000 }, async () => {
    const struck = await strikeAll('SIGKILL', long, SEED + 1);

    const took = struck.flatMap(({ manifest }) => {
      return manifest?.checkpoint ? [Date.parse(manifest.createdAt) - Date.parse(manifest.checkpoint.takenAt)] : [];
    });
    const ages = struck.flatMap(({ at, lost }) => (lost.length > 0 ? [at - Math.min(...lost)] : []));
    const longest = Math.max(0, ...took);
    const bound = lossMs(longest);
    const whole = count(struck, ({ manifest }) => manifest !== undefined && manifest.checkpoint === undefined);
    console.log(
      `SIGKILL at ${struck.length} moments of ${Math.round(long.workerMs)} ms: ${count(struck, isCheckpoint)} checkpoints presented, ${whole} whole outputs, ${count(struck, ({ manifest }) => manifest === undefined)} without; the oldest file lost was ${Math.round(Math.max(0, ...ages))} ms old (at most ${Math.round(bound)} allowed: every ${INTERVAL_MS} ms, taken in up to ${longest}).`,
    );
    const beforeCheckpoint = struck.flatMap(({ manifest, lost }) => {
      const takenAt = manifest?.checkpoint && Date.parse(manifest.checkpoint.takenAt);
      return lost.filter((writtenAt) => takenAt !== undefined && writtenAt < takenAt - 1);
    });
    expect(beforeCheckpoint).toEqual([]);
    expect(Math.max(0, ...ages)).toBeLessThanOrEqual(bound);
    expect(count(struck, isCheckpoint)).toBeGreaterThan(0);
    for (const { ended, manifest } of struck) {
      expect(ended.outcome.output?.checkpointAt).toBe(manifest?.checkpoint?.takenAt);
    }
    await expectTerminal(struck);
  });
});
