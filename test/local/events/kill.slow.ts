import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, describe, expect, it } from 'vitest';
import { createEventBridge } from '../../../local/events/events-service.ts';
import { bundleRuntime } from '../../../local/lambda/bundle-runtime.ts';
import { createLambda } from '../../../local/lambda/lambda-service.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { type Embedded, eventually, startEmbedded } from '../lambda/embedded.ts';
import { createNotes, noted } from './notes.ts';

const ENTRY = new URL('./acknowledging-process.ts', import.meta.url).pathname;
let child: ChildProcess | undefined;
let embedded: Embedded | undefined;
let count = 0;

afterEach(async () => {
  child?.kill('SIGKILL');
  await embedded?.destroy();
});

async function startProcess(folder: string): Promise<EventBridgeClient> {
  child = spawn(process.execPath, ['--import', 'tsx', ENTRY, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (!child.stdout) throw new Error('The process has no output.');
  const [line] = await once(createInterface(child.stdout), 'line');
  return new EventBridgeClient({ ...JSON.parse(String(line)), maxAttempts: 1 });
}

/** Puts one event after another until the process is gone; returns those that were acknowledged. */
async function putUntilKilled(client: EventBridgeClient, killAfter: number): Promise<number[]> {
  const acknowledged: number[] = [];
  for (;;) {
    count += 1;
    const n = count;
    const Entries = [{ Source: 'test', DetailType: 'Number', Detail: JSON.stringify({ n }) }];
    try {
      await client.send(new PutEventsCommand({ Entries }));
    } catch {
      // The process is gone, as it should be.
      return acknowledged;
    }
    acknowledged.push(n);
    if (acknowledged.length === killAfter) child?.kill('SIGKILL');
  }
}

describe('an acknowledged event', () => {
  it('reaches its function although the process is killed again and again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'outpost-kill-'));
    const acknowledged: number[] = [];

    for (const killAfter of [1, 25]) {
      const client = await startProcess(folder);
      const lanes = [0, 1, 2, 3].map(() => putUntilKilled(client, killAfter));
      acknowledged.push(...(await Promise.all(lanes)).flat());
      client.destroy();
    }
    embedded = await startEmbedded(folder);
    embedded.add(await createLogs(embedded.aws));
    const options = { resolveCode: (_bucket: string, key: string) => key, runtimePath: await bundleRuntime(folder) };
    const lambda = embedded.add(await createLambda(embedded.aws, options));
    const events = embedded.add(await createEventBridge(embedded.aws));
    await createNotes(embedded, lambda, events);
    await lambda.ready?.();
    await events.ready?.();

    expect(acknowledged.length).toBeGreaterThan(25);
    await eventually(() => expect([...noted(folder)]).toEqual(expect.arrayContaining(acknowledged)));
  });
});
