import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Task } from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive, type Stand, startStand } from './stand.ts';

const images = { app: '' };
let folder: string;
const stands: Stand[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-ecs-'));
});
afterEach(async () => {
  for (const stand of stands.splice(0)) await stand.close();
  rmSync(folder, { recursive: true, force: true });
});

async function boot(): Promise<Stand> {
  const stand = await startStand(images, { folder });
  stands.push(stand);
  return stand;
}

/** Runs one task in another process, and kills that process. */
async function runAndDie(): Promise<{ task: Task; pids: number[] }> {
  const host = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'doomed-host.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(host.stdout), 'line');
  host.kill('SIGKILL');
  await once(host, 'exit');
  const { taskArn, pids } = JSON.parse(String(line));
  return { task: { taskArn }, pids };
}

describe('a start after kill -9', () => {
  it('ends the processes of before, whatever session they are in', async () => {
    const { pids } = await runAndDie();
    const before = pids.map(isAlive);

    await boot();

    expect(before).toEqual([true, true]);
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  it('tells once, when all is ready, that the task has stopped with its host', async () => {
    const { task } = await runAndDie();

    const first = await boot();
    const early = first.eventsOf(task);
    await first.define();
    const second = await boot();
    await second.define();

    expect(early).toEqual([]);
    expect(first.eventsOf(task)).toMatchObject([
      {
        lastStatus: 'STOPPED',
        desiredStatus: 'STOPPED',
        version: 4,
        stopCode: 'TerminationNotice',
        stoppedReason: 'ECS is performing maintenance on the underlying infrastructure hosting the task',
      },
    ]);
    expect(second.eventsOf(task)).toEqual([]);
  });

  it('remembers the task and its idempotency token, and removes its folder', async () => {
    const { task } = await runAndDie();

    const stand = await boot();
    await stand.define();
    const again = await stand.run({ clientToken: 'token' });

    expect(again.taskArn).toBe(task.taskArn);
    expect(await stand.describe(task)).toMatchObject({
      lastStatus: 'STOPPED',
      containers: [{ lastStatus: 'STOPPED' }],
    });
    expect(readdirSync(join(folder, 'ecs', 'work'))).toEqual([]);
  });
});
