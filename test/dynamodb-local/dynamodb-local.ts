import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDbUnderTest } from '../lambdas/store-contract.ts';

const MAIN = 'software.amazon.dynamodb.services.local.main.ServerRunner';
const READY_WITHIN_MS = 30_000;

/** Starts Amazon's DynamoDB Local, in memory, on the machine's Java. `close` ends it. */
export async function startDynamoDbLocal(jars: string): Promise<DynamoDbUnderTest> {
  const port = await freePort();
  // Its native library and its telemetry settings are looked for in, or written to, the folder and the home it runs in.
  const home = mkdtempSync(join(tmpdir(), 'outpost-dynamodb-local-'));
  const server = spawn(
    'java',
    [
      `-Djava.library.path=${jars}`,
      `-Duser.home=${home}`,
      ...['-cp', join(jars, '*'), MAIN],
      ...['-port', `${port}`, '-inMemory', '-sharedDb', '-disableTelemetry'],
    ],
    { cwd: home, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'outpost', secretAccessKey: 'outpost' },
  });
  const close = async () => {
    client.destroy();
    await end(server);
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await untilReady(client, server);
    return { client, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function untilReady(client: DynamoDBClient, server: ChildProcess): Promise<void> {
  const errors: Buffer[] = [];
  server.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
  let failure: Error | undefined;
  server.once('error', (error) => {
    failure = error;
  });
  for (const deadline = performance.now() + READY_WITHIN_MS; ; await delay(100)) {
    const gone = server.exitCode !== null || failure !== undefined;
    const cause = await client.send(new ListTablesCommand({})).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (cause === undefined) return;
    if (!gone && performance.now() < deadline) continue;
    throw new Error(`DynamoDB Local does not start. ${failure?.message ?? ''}${Buffer.concat(errors)}`, { cause });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('The system names no free port.');
  return address.port;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  const gone = once(server, 'exit');
  server.kill('SIGKILL');
  await gone;
}
