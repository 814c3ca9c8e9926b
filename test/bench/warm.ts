/**
 * From `POST /dispatch` to the agent's first line of output, sequential, warm against cold: for the shell as it is, for
 * one whose first start in a home takes a second (what a CLI loads and sets up once), and for one where every start does.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { POLL_MS } from '../../core/slot-times.ts';
import { bootHarness, type Harness } from '../e2e/harness.ts';
import { lookIntoPool, type PoolLook } from '../e2e/pool-look.ts';
import { percentile, reportTimes } from './report.ts';

const DISPATCHES = 10;
const WARM_UPS = 2;
const FASTER = 3;
/** The agent's first line says when it was written: milliseconds since the epoch. */
const TASK = 'date +%s%3N';

const SHELLS = {
  'shell as it is': undefined,
  'a second at first': 'test -e "$HOME/.started" || { sleep 1; : > "$HOME/.started"; }',
  'a second each time': 'sleep 1',
} as const;

for (const [name, preface] of Object.entries(SHELLS)) {
  await withShell(preface, async () => {
    const cold = await measure('shell=0-0', 0);
    const warm = await measure('shell=2-2', 2);
    console.log(`${name}, ${DISPATCHES} sequential dispatches each`);
    reportTimes('  POST to first line, cold', cold.firstLine);
    reportTimes('  POST to first line, warm', warm.firstLine);
    const times = percentile(cold.firstLine, 0.5) / percentile(warm.firstLine, 0.5);
    const goal = name === 'a second at first' ? `, goal ${FASTER}x: ${times >= FASTER ? 'met' : 'MISSED'}` : '';
    console.log(`  cold / warm at p50         ${times.toFixed(1)}x${goal}`);
    reportTimes('  assigned to acknowledged', warm.acknowledged, POLL_MS + 100);
    reportTimes('  record before ECS STOPPED', warm.ahead);
  });
}

interface Measured {
  readonly firstLine: number[];
  /** From the assignment in the slot to the worker's acknowledgement. */
  readonly acknowledged: number[];
  /** From the terminal record to the slot's tombstone, which is written when ECS says STOPPED. */
  readonly ahead: number[];
}

async function measure(bounds: string, waiting: number): Promise<Measured> {
  const harness = await bootHarness({ pool: bounds });
  const pool = lookIntoPool(harness.outpost);
  const measured: Measured = { firstLine: [], acknowledged: [], ahead: [] };
  try {
    for (let index = 0; index < WARM_UPS + DISPATCHES; index += 1) {
      await pool.warm(waiting);
      const { firstLine, dispatch } = await once(harness);
      const served = waiting > 0 ? await servedBy(pool, dispatch) : undefined;
      if (index < WARM_UPS) continue;
      measured.firstLine.push(firstLine);
      if (served) measured.acknowledged.push(served.acknowledged);
      if (served) measured.ahead.push(served.ahead);
    }
  } finally {
    await harness.close();
  }
  return measured;
}

async function once(harness: Harness) {
  const posted = Date.now();
  const id = await harness.shell(TASK);
  const { status } = await harness.ended(id);
  const { body } = await harness.call('GET', `/dispatch/${id}?logs=20`);
  const lines: string[] = body.data.logs.lines.map(({ message }: { message: string }) => message);
  const first = lines.find((line) => /^\d{13}$/.test(line));
  if (status !== 'success' || first === undefined) throw new Error(`A dispatch ended so: ${JSON.stringify(body)}`);
  return { firstLine: Number(first) - posted, dispatch: body.data };
}

async function servedBy(pool: PoolLook, { dispatchId, endedAt }: { dispatchId: string; endedAt: string }) {
  const slot = await pool.servedBy(`${dispatchId}-1`);
  if (slot?.assignedAt === undefined || slot.ackedAt === undefined) throw new Error('A dispatch was not served warm.');
  const { stoppedAt } = await pool.when(slot, ({ state }) => state === 'STOPPED');
  return {
    acknowledged: Date.parse(slot.ackedAt) - Date.parse(slot.assignedAt),
    ahead: Date.parse(stoppedAt ?? '') - Date.parse(endedAt),
  };
}

/** Puts another `bash` before the system's for what boots meanwhile: it runs the preface, and then the real one. */
async function withShell(preface: string | undefined, act: () => Promise<void>): Promise<void> {
  if (preface === undefined) return act();
  const folder = mkdtempSync(join(tmpdir(), 'outpost-slow-shell-'));
  const path = process.env['PATH'] ?? '';
  const shell = join(folder, 'bash');
  writeFileSync(shell, `#!/bin/sh\n${preface}\nexec /bin/bash "$@"\n`);
  chmodSync(shell, 0o755);
  process.env['PATH'] = `${folder}:${path}`;
  try {
    await act();
  } finally {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true, force: true });
  }
}
