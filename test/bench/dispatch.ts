/**
 * From ECS's STOPPED to the terminal record, over sequential dispatches: what the control plane adds to a run. Once of
 * workers that end by themselves, and once of workers that are killed in the middle.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootOutpost } from '../../local/outpost.ts';
import { caller, eventually } from '../e2e/harness.ts';
import { reportTimes } from './report.ts';

const WARM_UPS = 5;
const DISPATCHES = 50;

const data = mkdtempSync(join(tmpdir(), 'outpost-bench-'));
// A warm worker reports its end before ECS says STOPPED.
const outpost = await bootOutpost({ data, port: 0, pool: 'shell=0-0', log: () => {} });
const call = caller(outpost.connection);
const settled: number[] = [];
const whole: number[] = [];
const killed: number[] = [];
try {
  for (let index = 0; index < WARM_UPS + DISPATCHES; index += 1) {
    const { createdAt, stoppedAt, endedAt } = await dispatch('', 'success');
    if (index < WARM_UPS) continue;
    settled.push(Date.parse(endedAt) - Date.parse(stoppedAt));
    whole.push(Date.parse(endedAt) - Date.parse(createdAt));
  }
  for (let index = 0; index < DISPATCHES; index += 1) {
    const { stoppedAt, endedAt } = await dispatch('kill -9 $PPID; sleep 60', 'failed');
    killed.push(Date.parse(endedAt) - Date.parse(stoppedAt));
  }
} finally {
  await outpost.close();
  rmSync(data, { recursive: true, force: true });
}
console.log(`${DISPATCHES} sequential dispatches of an empty shell task, after ${WARM_UPS} warm-ups`);
reportTimes('endedAt - ECS stoppedAt', settled, 300);
reportTimes('endedAt - createdAt', whole);
console.log(`${DISPATCHES} more, whose worker is killed`);
reportTimes('endedAt - ECS stoppedAt', killed, 300);

interface Times {
  readonly createdAt: string;
  readonly stoppedAt: string;
  readonly endedAt: string;
}

async function dispatch(task: string, status: string): Promise<Times> {
  const { body } = await call('POST', '/dispatch', { agent: 'shell', task });
  const path = `/dispatch/${body.data.dispatchId}`;
  const ended = await eventually(
    () => call('GET', path),
    ({ body }) => body.data.endedAt !== undefined,
    30_000,
  );
  if (ended.body.data.status !== status) throw new Error(`A dispatch ended as ${ended.body.data.status}.`);
  return ended.body.data;
}
