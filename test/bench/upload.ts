/**
 * The worker's upload of a workspace beside `rclone copy` of the same folder, into the same embedded S3, by turns. Ours is
 * the whole of it: archive, hashes, log, result and manifest, from the agent's end to the worker's. Needs rclone
 * (`apt-get install rclone`).
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bootHarness, type Harness } from '../e2e/harness.ts';
import { percentile } from './report.ts';
import { type MemoryPeaks, watchMemory } from './worker-memory.ts';

const run = promisify(execFile);
const TURNS = 3;
const MIB = 2 ** 20;
const WORKER_GOAL_MIB = 200;
const MAX_RUN_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'outpost-bench-upload-'));
const harness = await bootHarness();
try {
  await run('rclone', ['version']).catch((cause: unknown) => {
    throw new Error('This bench needs rclone: apt-get install rclone', { cause });
  });
  await compare('10,000 files of 4 KiB', manyFiles(join(folder, 'many')));
  await compare(
    '2 GiB in one file that cannot be compressed',
    largeFile(join(folder, 'large'), () => randomBytes(MIB)),
  );
  await compare('2 GiB in one file of text', largeFile(join(folder, 'text'), textOf));
} finally {
  await harness.close();
  rmSync(folder, { recursive: true, force: true });
}

async function compare(what: string, source: string): Promise<void> {
  const ours: number[] = [];
  const rclone: number[] = [];
  const memory: MemoryPeaks[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const upload = await uploadOf(source);
    ours.push(upload.ms);
    memory.push(upload.peaks);
    rclone.push(await rcloneOf(source, `rclone-${turn}`));
  }
  rmSync(source, { recursive: true });
  const [mine, theirs] = [ours, rclone].map((times) => percentile(times, 0.5) / 1000) as [number, number];
  const [peak, children] = (['worker', 'children'] as const).map((role) => Math.max(...memory.map((one) => one[role])));
  console.log(what);
  console.log(`  outpost      ${seconds(ours)}: ${mine <= theirs ? 'met' : 'MISSED'} (goal: rclone's median)`);
  console.log(`  rclone copy  ${seconds(rclone)}`);
  const verdict = (peak ?? 0) < WORKER_GOAL_MIB ? 'met' : 'MISSED';
  console.log(
    `  the worker's memory at most ${peak} MiB, goal ${WORKER_GOAL_MIB}: ${verdict}; its packer's ${children} MiB`,
  );
}

function seconds(times: readonly number[]): string {
  return `median ${(percentile(times, 0.5) / 1000).toFixed(1)} s of ${times.map((ms) => (ms / 1000).toFixed(1)).join(', ')}`;
}

/** A dispatch whose agent copies the folder into its workspace; timed from the agent's last act to the manifest. */
async function uploadOf(source: string): Promise<{ ms: number; peaks: MemoryPeaks }> {
  const memory = watchMemory(harness.folder);
  try {
    const id = await harness.shell(`cp -r '${source}/.' . && date +%s%3N`, { timeoutSeconds: MAX_RUN_MS / 1000 });
    const { status, reason } = await harness.ended(id, MAX_RUN_MS);
    if (status !== 'success') throw new Error(`The dispatch ended as ${status}: ${reason}`);
    return { ms: await uploadMs(harness, id), peaks: memory.peaks() };
  } finally {
    memory.stop();
  }
}

async function uploadMs({ call }: Harness, id: string): Promise<number> {
  const { body } = await call('GET', `/artifacts/${id}`);
  const { body: dispatch } = await call('GET', `/dispatch/${id}?logs=100`);
  const messages: { message: string; timestamp: string }[] = dispatch.data.logs.lines;
  const begun = Number(messages.find(({ message }) => /^\d{13}$/.test(message))?.message);
  const done = Date.parse(messages.find(({ message }) => message.includes('Uploaded '))?.timestamp ?? '');
  if (!(done > begun) || body.data.files === undefined)
    throw new Error(`The log of ${id} does not tell when it was uploaded.`);
  return done - begun;
}

async function rcloneOf(source: string, prefix: string): Promise<number> {
  const { endpoint, region, credentials } = harness.outpost.aws.operator;
  const { accessKeyId, secretAccessKey } = credentials as { accessKeyId: string; secretAccessKey: string };
  const remote = `:s3:${harness.outpost.aws.output('ArtifactsBucket')}/${prefix}`;
  const flags = ['--s3-provider', 'Other', '--s3-endpoint', String(endpoint), '--s3-region', String(region)];
  const begun = performance.now();
  await run('rclone', ['copy', source, remote, ...flags, '--s3-no-check-bucket', '--s3-force-path-style'], {
    // Nothing else of our environment: rclone would read its AWS_ variables.
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      RCLONE_S3_ACCESS_KEY_ID: accessKeyId,
      RCLONE_S3_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  return performance.now() - begun;
}

function manyFiles(at: string): string {
  for (let number = 0; number < 10_000; number += 1) {
    const inner = join(at, `folder-${number % 100}`);
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, `file-${number}`), randomBytes(4096));
  }
  return at;
}

function largeFile(at: string, block: (number: number) => Buffer): string {
  mkdirSync(at);
  const fd = openSync(join(at, 'large'), 'w');
  for (let number = 0; number < 2048; number += 1) writeSync(fd, block(number));
  closeSync(fd);
  return at;
}

/** A mebibyte of lines as a program would log them. */
function textOf(number: number): Buffer {
  const lines: string[] = [];
  for (let size = 0, line = 0; size < MIB; line += 1) {
    const text = `2026-01-01T00:00:00.${line % 1000} INFO request ${number * 7919 + line} took ${(line * 31) % 977} ms\n`;
    lines.push(text);
    size += text.length;
  }
  return Buffer.from(lines.join('')).subarray(0, MIB);
}
