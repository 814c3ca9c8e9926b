/** From ECS's STOPPED to the terminal record, over sequential dispatches: what the control plane adds to a run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootOutpost } from '../../local/outpost.ts';
import { caller, eventually } from '../e2e/harness.ts';
import { reportTimes } from './report.ts';

const WARM_UPS = 5;
const DISPATCHES = 50;

const data = mkdtempSync(join(tmpdir(), 'outpost-bench-'));
const outpost = await bootOutpost({ data, port: 0, log: () => {} });
const call = caller(outpost.connection);
const settled: number[] = [];
const whole: number[] = [];
try {
  for (let index = 0; index < WARM_UPS + DISPATCHES; index += 1) {
    const { createdAt, stoppedAt, endedAt } = await dispatch();
    if (index < WARM_UPS) continue;
    settled.push(Date.parse(endedAt) - Date.parse(stoppedAt));
    whole.push(Date.parse(endedAt) - Date.parse(createdAt));
  }
} finally {
  await outpost.close();
  rmSync(data, { recursive: true, force: true });
}
console.log(`${DISPATCHES} sequential dispatches of an empty shell task, after ${WARM_UPS} warm-ups`);
reportTimes('endedAt - ECS stoppedAt', settled, 300);
reportTimes('endedAt - createdAt', whole);

async function dispatch(): Promise<{ createdAt: string; stoppedAt: string; endedAt: string }> {
  const { body } = await call('POST', '/dispatch', { agent: 'shell', task: '' });
  const path = `/dispatch/${body.data.dispatchId}`;
  const ended = await eventually(
    () => call('GET', path),
    ({ body }) => body.data.endedAt !== undefined,
    30_000,
  );
  if (ended.body.data.status !== 'success') throw new Error(`A dispatch ended as ${ended.body.data.status}.`);
  return ended.body.data;
}
