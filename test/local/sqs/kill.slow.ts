import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import { type SqsStand, startSqs } from './sqs-stand.ts';

const ENTRY = new URL('./sqs-process.ts', import.meta.url).pathname;
let child: ChildProcess | undefined;
let stand: SqsStand | undefined;
let folder: string;

afterEach(async () => {
  child?.kill('SIGKILL');
  if (stand) await stand.destroy();
  else rmSync(folder, { recursive: true, force: true });
});

interface Connection {
  readonly client: SQSClient;
  readonly url: string;
}

async function startProcess(): Promise<Connection> {
  child = spawn(process.execPath, ['--import', 'tsx', ENTRY, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (!child.stdout) throw new Error('The process has no output.');
  const [line] = await once(createInterface(child.stdout), 'line');
  const { options, url } = JSON.parse(String(line));
  return { client: new SQSClient({ ...options, maxAttempts: 1 }), url };
}

/** Sends, receives and deletes until the process is gone; notes what was acknowledged. */
async function useUntilKilled({ client, url: QueueUrl }: Connection, sent: Set<string>, deleting: Set<string>) {
  for (let n = 0; ; n += 1) {
    try {
      const { MessageId = '' } = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: String(n) }));
      sent.add(MessageId);
      const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }));
      const [message] = n % 2 === 0 ? Messages : [];
      if (message) {
        // Of a deletion that was asked for and not acknowledged, nobody knows.
        deleting.add(message.MessageId ?? '');
        await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
      }
    } catch {
      // The process is gone, as it should be.
      return;
    }
    if (sent.size >= 60) child?.kill('SIGKILL');
  }
}

describe('an acknowledged message', () => {
  it('is there after a kill, unless somebody has deleted it', async () => {
    folder = mkdtempSync(join(tmpdir(), 'outpost-kill-'));
    const [sent, deleting] = [new Set<string>(), new Set<string>()];
    const connection = await startProcess();

    await Promise.all([0, 1, 2, 3].map(() => useUntilKilled(connection, sent, deleting)));
    connection.client.destroy();
    stand = await startSqs(folder);
    const url = await stand.createQueue('queue');
    const found = new Set<string>();
    for (let some = await stand.receive(url); some.length > 0; some = await stand.receive(url)) {
      for (const { MessageId = '' } of some) found.add(MessageId);
    }

    const lost = [...sent].filter((id) => !found.has(id) && !deleting.has(id));
    expect(sent.size).toBeGreaterThanOrEqual(60);
    expect(deleting.size).toBeGreaterThan(0);
    expect(lost).toEqual([]);
  });
});
