import { EventBridgeClient, PutEventsCommand, StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootHarness, type Harness } from './harness.ts';

const EVENTS = 'arn:aws:events:us-east-1:000000000000';

let harness: Harness;
let failed: string;
const began = new Date();

beforeAll(async () => {
  harness = await bootHarness();
  failed = await harness.shell('echo tried > tried.txt; exit 3');
  await harness.ended(failed);
});
afterAll(() => harness.close());

const endOf = (attempt: number) =>
  harness.when(failed, (dispatch) => dispatch.attempt === attempt && dispatch.endedAt !== undefined);
const eventBridge = () => new EventBridgeClient(harness.outpost.aws.operator);

it('runs a dispatch that has failed once more, and keeps the output and the trace of each attempt', async () => {
  const replay = () =>
    harness.call('POST', `/dispatch/${failed}/replay`, undefined, { 'idempotency-key': 'once-more' });

  const [first, second] = [await replay(), await replay()];
  const ended = await endOf(2);
  const third = await replay();

  expect([first, second, third].map(({ status, body }) => [status, body.data.attempt])).toEqual([
    [202, 2],
    [202, 2],
    [202, 2],
  ]);
  expect(ended).toMatchObject({ status: 'failed', exitCode: 3, output: { fileCount: 1 } });
  const outputs = ['', '?attempt=1'].map((query) => harness.call('GET', `/artifacts/${failed}${query}`));
  expect((await Promise.all(outputs)).map(({ body }) => body.data.attempt)).toEqual([2, 1]);
  const trace = await harness.call('GET', `/dispatch/${failed}/trace?attempt=1`);
  expect(trace.body.data).toMatchObject({ executionArn: expect.stringMatching(/-1$/), status: 'failed' });
});

it('replays what an event asks for, once however often it comes', async () => {
  const Detail = JSON.stringify({ version: '1', eventId: 'by-hand', dispatchId: failed, attempt: 2 });
  const entry = { EventBusName: 'outpost', Source: 'outpost', DetailType: 'Dispatch Replay Requested', Detail };

  await eventBridge().send(new PutEventsCommand({ Entries: [entry, entry] }));
  const ended = await endOf(3);

  expect(ended.status).toBe('failed');
});

it('replays the current attempt where a replay of the archive brings the requests of all', async () => {
  await eventBridge().send(
    new StartReplayCommand({
      ReplayName: 'after-the-outage',
      EventSourceArn: `${EVENTS}:archive/outpost-dispatches`,
      Destination: { Arn: `${EVENTS}:event-bus/outpost` },
      EventStartTime: began,
      EventEndTime: new Date(),
    }),
  );
  const ended = await endOf(4);

  expect(ended.status).toBe('failed');
});
