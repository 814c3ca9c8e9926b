import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EventBridgeClient, PutEventsCommand, StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../lambda/embedded.ts';
import { createKeptAndReplayed, entry, type ReplayStand, replayOf, startReplayStand } from './replay-stand.ts';

const ENTRY = new URL('./replaying-process.ts', import.meta.url).pathname;
/** More than arrive and pile up before Lambda: the replay is under way when the process is killed. */
const ENOUGH = 800;
/** The replay has noted its progress once so many have arrived. */
const NOTED = 50;
let child: ChildProcess | undefined;
let stand: ReplayStand | undefined;

afterEach(async () => {
  child?.kill('SIGKILL');
  await stand?.destroy();
});

async function startProcess(folder: string): Promise<EventBridgeClient> {
  child = spawn(process.execPath, ['--import', 'tsx', ENTRY, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (!child.stdout) throw new Error('The process has no output.');
  const [line] = await once(createInterface(child.stdout), 'line');
  return new EventBridgeClient({ ...JSON.parse(String(line)), maxAttempts: 1 });
}

async function kill(client: EventBridgeClient): Promise<void> {
  if (!child) throw new Error('There is no process.');
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  client.destroy();
}

/** Puts ten events after another, on several lanes, and kills the process in the middle; returns those acknowledged. */
async function putUntilKilled(client: EventBridgeClient): Promise<number[]> {
  const acknowledged: number[] = [];
  let next = 0;
  const lane = async () => {
    for (;;) {
      const numbers = Array.from({ length: 10 }, () => next++);
      try {
        await client.send(new PutEventsCommand({ Entries: numbers.map((n) => entry(n)) }));
      } catch {
        // The process is gone, as it should be.
        return;
      }
      acknowledged.push(...numbers);
      if (acknowledged.length >= ENOUGH) child?.kill('SIGKILL');
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  client.destroy();
  return acknowledged;
}

const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0);

describe('when the process is killed', () => {
  it('every acknowledged event is archived, and a replay goes on at the next boot', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'outpost-replay-'));
    const acknowledged = await putUntilKilled(await startProcess(folder));
    const client = await startProcess(folder);
    await client.send(new StartReplayCommand(replayOf('again')));
    await eventually(() => expect(linesOf(join(folder, 'seen'))).toBeGreaterThan(NOTED));
    await kill(client);

    stand = await startReplayStand(folder);
    await createKeptAndReplayed(stand);
    await stand.ready();

    await stand.reaches('again', 'COMPLETED');
    expect(stand.embedded.lines.join()).toMatch(/the replay again goes on at 2026-11-21T\d\d:\d\d/);
    expect(acknowledged.length).toBeGreaterThanOrEqual(ENOUGH);
    await eventually(() => {
      const replayed = new Set(stand?.seen().map(({ detail }) => (detail as { n: number }).n));
      expect(acknowledged.filter((n) => !replayed.has(n))).toEqual([]);
    });
  });
});
