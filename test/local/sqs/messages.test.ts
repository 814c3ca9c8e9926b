import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  PurgeQueueCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SqsStand, startSqs } from './sqs-stand.ts';

let stand: SqsStand;
let url: string;

beforeEach(async () => {
  stand = await startSqs();
  url = await stand.createQueue('work');
});

afterEach(async () => {
  vi.useRealTimers();
  await stand.destroy();
});

/** Lets time pass for the queue alone: what has a timeout is over. */
function later(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

function send(MessageBody: string, more: Partial<SendMessageCommandInput> = {}) {
  return stand.client.send(new SendMessageCommand({ QueueUrl: url, MessageBody, ...more }));
}

describe('a message', () => {
  it('comes out as it went in, with the attributes that SQS gives it', async () => {
    const before = Date.now();
    const sent = await send('ünïcödé 🚀\n{"a": 1}');

    const [message] = await stand.receive(url);

    expect(message).toMatchObject({ MessageId: sent.MessageId, Body: 'ünïcödé 🚀\n{"a": 1}' });
    expect(message?.Attributes).toMatchObject({ ApproximateReceiveCount: '1' });
    expect(message?.Attributes?.['SenderId']).toMatch(/:test$/);
    expect(Number(message?.Attributes?.SentTimestamp)).toBeGreaterThanOrEqual(before);
    expect(message?.MessageAttributes).toBeUndefined();
  });

  it('keeps its own attributes, with the digest that AWS documents', async () => {
    const attributes = {
      RequestID: { DataType: 'String', StringValue: 'r-1' },
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      Blob: { DataType: 'Binary.gif', BinaryValue: Buffer.from([1, 2, 255]) },
    };

    const sent = await send('x', { MessageAttributes: attributes });
    const [message] = await stand.receive(url);

    const part = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
    const one = (name: string, type: string, kind: number, value: Buffer) =>
      Buffer.concat([part(Buffer.from(name)), part(Buffer.from(type)), Buffer.from([kind]), part(value)]);
    const digest = createHash('md5')
      .update(one('Blob', 'Binary.gif', 2, Buffer.from([1, 2, 255])))
      .update(one('ErrorCode', 'Number', 1, Buffer.from('200')))
      .update(one('RequestID', 'String', 1, Buffer.from('r-1')))
      .digest('hex');
    expect(sent.MD5OfMessageAttributes).toBe(digest);
    expect(message?.MD5OfMessageAttributes).toBe(digest);
    expect(message?.MessageAttributes).toMatchObject({
      RequestID: { DataType: 'String', StringValue: 'r-1' },
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      Blob: { DataType: 'Binary.gif', BinaryValue: new Uint8Array([1, 2, 255]) },
    });
  });

  it('has the digest of an attribute that AWS has published', async () => {
    const sent = await send('This is a test message', {
      MessageAttributes: { timestamp: { DataType: 'Number', StringValue: '1493147359900' } },
    });

    expect(sent.MD5OfMessageBody).toBe('fafb00f5732ab283681e124bf8747ed1');
    expect(sent.MD5OfMessageAttributes).toBe('235c5c510d26fb653d073faed50ae77c');
  });

  it.each([
    [['a.b'], ['a.b']],
    [['a.*'], ['a.b', 'a.c']],
    [['.*'], ['a.b', 'a.c', 'd']],
    [['All'], ['a.b', 'a.c', 'd']],
    [[], []],
  ])('shows of its attributes those that are asked for: %j', async (MessageAttributeNames, names) => {
    const value = { DataType: 'String', StringValue: 'v' };
    await send('x', { MessageAttributes: { 'a.b': value, 'a.c': value, d: value } });

    const [message] = await stand.receive(url, { MessageAttributeNames });

    expect(Object.keys(message?.MessageAttributes ?? {})).toEqual(names);
  });

  it('that is received is nobody else’s until its visibility timeout is over, and counts how often it was', async () => {
    await send('x');

    const first = await stand.receive(url, { VisibilityTimeout: 60 });
    const meanwhile = await stand.receive(url);
    later(61);
    const second = await stand.receive(url);

    expect(meanwhile).toEqual([]);
    expect(first[0]?.Attributes?.ApproximateReceiveCount).toBe('1');
    expect(second[0]?.Attributes).toMatchObject({
      ApproximateReceiveCount: '2',
      ApproximateFirstReceiveTimestamp: first[0]?.Attributes?.ApproximateFirstReceiveTimestamp,
    });
    expect(second[0]?.ReceiptHandle).not.toBe(first[0]?.ReceiptHandle);
  });

  it('is gone once it is deleted, and deleting it again is no error', async () => {
    await send('x');
    const [message] = await stand.receive(url, { VisibilityTimeout: 0 });
    const deletion = new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle });

    await stand.client.send(deletion);
    await stand.client.send(deletion);

    expect(await stand.receive(url)).toEqual([]);
  });

  it('is not deleted by the handle of an earlier receive', async () => {
    await send('x');
    const [first] = await stand.receive(url, { VisibilityTimeout: 0 });
    await stand.receive(url, { VisibilityTimeout: 0 });

    await stand.client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle }));

    expect(await stand.receive(url)).toHaveLength(1);
  });

  it('comes back at once where its receiver gives it back', async () => {
    await send('x');
    const [message] = await stand.receive(url);
    const change = { QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 };

    await stand.client.send(new ChangeMessageVisibilityCommand(change));

    expect(await stand.receive(url)).toHaveLength(1);
  });

  it('that nobody has cannot be kept for longer', async () => {
    await send('x');
    const [message] = await stand.receive(url, { VisibilityTimeout: 0 });
    const change = { QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 10 };

    const refused = stand.client.send(new ChangeMessageVisibilityCommand(change));

    await expect(refused).rejects.toMatchObject({
      name: 'MessageNotInflight',
      Code: 'AWS.SimpleQueueService.MessageNotInflight',
    });
  });

  it('that is delayed is not there before', async () => {
    await send('x', { DelaySeconds: 60 });

    const now = await stand.receive(url);
    later(61);
    const then = await stand.receive(url);

    expect([now.length, then.length]).toEqual([0, 1]);
  });

  it('is dropped when its retention period is over', async () => {
    const short = await stand.createQueue('short', { MessageRetentionPeriod: 60 });
    await stand.client.send(new SendMessageCommand({ QueueUrl: short, MessageBody: 'x' }));

    later(61);

    expect(await stand.receive(short)).toEqual([]);
  });
});

describe('a receiver', () => {
  it('gets as many as it asks for, the oldest first', async () => {
    for (const body of ['a', 'b', 'c']) await send(body);

    const messages = await stand.receive(url, { MaxNumberOfMessages: 2 });

    expect(messages.map(({ Body }) => Body)).toEqual(['a', 'b']);
  });

  it('that waits is answered when a message comes', async () => {
    const waiting = stand.receive(url, { WaitTimeSeconds: 20 });
    await send('x');

    expect(await waiting).toHaveLength(1);
  });

  it('that waits is answered when a message comes back', async () => {
    await send('x');
    const [message] = await stand.receive(url);
    const waiting = stand.receive(url, { WaitTimeSeconds: 20 });
    const change = { QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 };

    await stand.client.send(new ChangeMessageVisibilityCommand(change));

    expect((await waiting)[0]?.Attributes?.ApproximateReceiveCount).toBe('2');
  });

  it('waits no longer than it said, and as long as the queue says where it says nothing', async () => {
    const patient = await stand.createQueue('patient', { ReceiveMessageWaitTimeSeconds: 1 });
    const begun = performance.now();

    const nothing = await stand.receive(patient);

    expect(nothing).toEqual([]);
    expect(performance.now() - begun).toBeGreaterThan(950);
  });

  it('shares no message with another one', async () => {
    for (let n = 0; n < 30; n += 1) await send(String(n));

    const lots = await Promise.all(Array.from({ length: 6 }, () => stand.receive(url, { MaxNumberOfMessages: 5 })));

    const bodies = lots.flat().map(({ Body }) => Number(Body));
    expect(bodies.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n));
  });
});

describe('a batch', () => {
  it('takes what is right and tells what is not', async () => {
    const Entries = [
      { Id: 'good', MessageBody: 'x' },
      { Id: 'bad', MessageBody: '\u0000' },
    ];

    const answer = await stand.client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));

    expect(answer.Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(answer.Failed).toMatchObject([{ Id: 'bad', SenderFault: true, Code: 'InvalidMessageContents' }]);
    expect(await stand.receive(url)).toHaveLength(1);
  });

  it('gives back and deletes several messages', async () => {
    for (const body of ['a', 'b']) await send(body);
    const handles = (await stand.receive(url)).map(({ ReceiptHandle }, n) => ({ Id: String(n), ReceiptHandle }));

    const changes = handles.map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
    const changed = await stand.client.send(
      new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries: changes }),
    );
    const deleted = await stand.client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: handles }));

    expect([changed.Successful?.length, deleted.Successful?.length]).toEqual([2, 2]);
    expect(await stand.receive(url)).toEqual([]);
  });

  it.each([
    ['nothing', [], 'EmptyBatchRequest'],
    [
      'eleven',
      Array.from({ length: 11 }, (_, n) => ({ Id: `${n}`, MessageBody: 'x' })),
      'TooManyEntriesInBatchRequest',
    ],
    ['the same id twice', [1, 2].map(() => ({ Id: 'a', MessageBody: 'x' })), 'BatchEntryIdsNotDistinct'],
    ['an id that is none', [{ Id: 'a b', MessageBody: 'x' }], 'InvalidBatchEntryId'],
    ['over 1 MiB', [1, 2].map((n) => ({ Id: `${n}`, MessageBody: 'x'.repeat(600_000) })), 'BatchRequestTooLong'],
  ])('of %s is refused', async (_what, Entries, name) => {
    const refused = stand.client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));

    await expect(refused).rejects.toMatchObject({ name, Code: `AWS.SimpleQueueService.${name}` });
  });
});

describe('SQS refuses', () => {
  const attribute = (DataType: string, StringValue: string) => ({
    MessageAttributes: { A: { DataType, StringValue } },
  });

  it.each<[string, string, Partial<SendMessageCommandInput>, string]>([
    ['an empty message', '', {}, 'MissingParameter'],
    ['what XML could not hold', 'a\u0001b', {}, 'InvalidMessageContents'],
    ['half of a character', 'a\ud800b', {}, 'InvalidMessageContents'],
    ['over 1 MiB', 'x'.repeat(1_048_577), {}, 'InvalidParameterValue'],
    ['a delay of over 15 minutes', 'x', { DelaySeconds: 901 }, 'InvalidParameterValue'],
    ['an attribute without value', 'x', attribute('String', ''), 'InvalidParameterValue'],
    ['an attribute of no type', 'x', attribute('Text', 'v'), 'InvalidParameterValue'],
    ['a number that is none', 'x', attribute('Number', 'v'), 'InvalidParameterValue'],
    ['a message group', 'x', { MessageGroupId: 'g' }, 'UnsupportedOperation'],
  ])('%s', async (_what, body, more, name) => {
    await expect(send(body, more)).rejects.toMatchObject({ name });
    expect(await stand.receive(url)).toEqual([]);
  });

  it.each([
    [{ MaxNumberOfMessages: 11 }, 'InvalidParameterValue'],
    [{ WaitTimeSeconds: 21 }, 'InvalidParameterValue'],
    [{ VisibilityTimeout: 43_201 }, 'InvalidParameterValue'],
    [{ QueueUrl: 'http://127.0.0.1/000000000000/other' }, 'QueueDoesNotExist'],
    [{ QueueUrl: 'http://127.0.0.1/111111111111/work' }, 'QueueDoesNotExist'],
  ])('to receive with %j', async (more, name) => {
    await expect(stand.receive(url, more)).rejects.toMatchObject({ name });
  });

  it('a handle that is none, or of another queue', async () => {
    const other = await stand.createQueue('other');
    await send('x');
    const [message] = await stand.receive(url);
    const remove = (ReceiptHandle: string | undefined) =>
      stand.client.send(new DeleteMessageCommand({ QueueUrl: other, ReceiptHandle }));

    await expect(remove('abc')).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
    await expect(remove(message?.ReceiptHandle)).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
  });

  it('a second purge within a minute', async () => {
    await send('x');
    const purge = () => stand.client.send(new PurgeQueueCommand({ QueueUrl: url }));

    await purge();

    expect(await stand.receive(url)).toEqual([]);
    await expect(purge()).rejects.toMatchObject({ name: 'PurgeQueueInProgress' });
  });
});
