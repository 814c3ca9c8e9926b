import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootHarness, type Harness } from './harness.ts';

const run = promisify(execFile);

let harness: Harness;
beforeAll(async () => {
  harness = await bootHarness();
});
afterAll(() => harness.close());

const redrive = (...flags: string[]) =>
  run(process.execPath, ['--import', 'tsx', 'scripts/redrive.ts', '--local', harness.folder, ...flags]);

/** Leaves the wish for a dispatch's next attempt where `replay` would have left it. */
async function leaveForReplay(dispatchId: string): Promise<void> {
  const client = new SQSClient(harness.outpost.aws.operator);
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: 'outpost-replay-dead-letters' }));
  const event = {
    'detail-type': 'Dispatch Replay Requested',
    detail: { version: '1', eventId: randomUUID(), dispatchId, attempt: 1 },
  };
  const ErrorMessage = { DataType: 'String', StringValue: 'no place was left' };
  await client.send(
    new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event), MessageAttributes: { ErrorMessage } }),
  );
  client.destroy();
}

it('shows what lies in the queue, and hands it to the function once', async () => {
  const id = await harness.shell('echo once more');
  await harness.ended(id);
  await leaveForReplay(id);

  const shown = await redrive('--queue', 'replay', '--dry-run');
  const sent = await redrive('--queue', 'outpost-replay-dead-letters', '--yes');
  const replayed = await harness.when(id, ({ attempt, endedAt }) => attempt === 2 && endedAt !== undefined);
  const again = await redrive('--queue', 'replay', '--yes');

  expect(shown.stdout).toContain('failed: no place was left');
  expect(shown.stdout).toContain(id);
  expect(shown.stdout).toContain('1 event in outpost-replay-dead-letters');
  expect(sent.stdout).toContain('outpost-replay was handed 1 event once more');
  expect(replayed.status).toBe('success');
  expect(again.stdout).toBe('0 events in outpost-replay-dead-letters\n');
});

it('hands nothing over where nobody can be asked', async () => {
  await leaveForReplay('01J9ZK6W3N8R5T7V9X1Y3Z5A7B');

  const failure: unknown = await redrive('--queue', 'replay').catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 2, stderr: expect.stringContaining('say --yes, or --dry-run') });
  expect((await redrive('--queue', 'replay', '--dry-run')).stdout).toContain('1 event in');
});

it('names the queues there are, where it is asked for another', async () => {
  const failure: unknown = await redrive('--queue', 'repaly').catch((error: unknown) => error);

  const queues = ['manage-pool', 'replay', 'settle', 'sweep', 'track-ecs'].map(
    (name) => `outpost-${name}-dead-letters`,
  );
  expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining(`There is: ${queues.join(', ')}`) });
});

it('deletes the one event that it is told to, which no function will ever take', async () => {
  const [kept, dropped] = ['01J9ZK6W3N8R5T7V9X1Y3Z5A7B', '01J9ZK6W3N8R5T7V9X1Y3Z5A8C'];
  await leaveForReplay(kept);
  await leaveForReplay(dropped);
  const lines = (await redrive('--queue', 'replay', '--dry-run')).stdout.split('\n');
  const about = lines.findIndex((line) => line.includes(dropped));
  const messageId = lines[about - 2]?.split(' ')[0] ?? '';

  const without = await redrive('--queue', 'replay', '--drop', '--yes').catch((error: unknown) => error);
  const done = await redrive('--queue', 'replay', '--message', messageId, '--drop', '--yes');
  const again = await redrive('--queue', 'replay', '--message', messageId, '--yes').catch((error: unknown) => error);

  expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('--message') });
  expect(done.stdout).toContain('Deleted 1 event');
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining(`there is no event ${messageId}`) });
  const { stdout } = await redrive('--queue', 'replay', '--dry-run');
  expect(stdout).toContain(kept);
  expect(stdout).not.toContain(dropped);
});
