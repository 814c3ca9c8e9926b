import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  type QueueAttributeName,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIam, type Iam } from '../../../local/iam/iam.ts';
import { QueueSender } from '../../../local/queue-sender.ts';
import { clientConfig, serviceRole } from '../../../local/service-principal.ts';
import { trusting } from '../iam/iam-in-test.ts';
import { ROLE, receiveAll, type SqsStand, startSqs } from './sqs-stand.ts';

const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const RULE = 'arn:aws:events:us-east-1:000000000000:rule/outpost/settle';
let stand: SqsStand;

beforeEach(async () => {
  stand = await startSqs();
});

afterEach(() => stand.destroy());

function send(url: string, MessageBody = 'x') {
  return stand.client.send(new SendMessageCommand({ QueueUrl: url, MessageBody }));
}

async function attributesOf(url: string, ...AttributeNames: QueueAttributeName[]) {
  const answer = await stand.client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames }));
  return answer.Attributes;
}

describe('a queue', () => {
  it('yields its URL, ARN and name, and is found by its name', async () => {
    const values = await stand.embedded.create(stand.sqs, 'AWS::SQS::Queue', 'Dead', { QueueName: 'dead' });

    const found = await stand.client.send(new GetQueueUrlCommand({ QueueName: 'dead' }));

    const url = `${stand.embedded.gateway.endpoint}/000000000000/dead`;
    expect(values).toEqual({ ref: url, attributes: { Arn: arnOf('dead'), QueueName: 'dead', QueueUrl: url } });
    expect(found.QueueUrl).toBe(url);
  });

  it('without a name gets one, the same at every boot', async () => {
    const values = await stand.embedded.create(stand.sqs, 'AWS::SQS::Queue', 'Nameless', {});

    expect(values.attributes?.['QueueName']).toMatch(/^Nameless-[0-9A-F]{12}$/);
  });

  it('tells its settings', async () => {
    const url = await stand.createQueue('set', {
      MessageRetentionPeriod: 1_209_600,
      VisibilityTimeout: '90',
      KmsMasterKeyId: 'alias/aws/sqs',
    });

    expect(await attributesOf(url, 'All')).toMatchObject({
      QueueArn: arnOf('set'),
      MessageRetentionPeriod: '1209600',
      VisibilityTimeout: '90',
      MaximumMessageSize: '1048576',
      DelaySeconds: '0',
      ReceiveMessageWaitTimeSeconds: '0',
      SqsManagedSseEnabled: 'false',
      KmsMasterKeyId: 'alias/aws/sqs',
    });
  });

  it('counts what is visible, in flight and delayed', async () => {
    const url = await stand.createQueue('counted');
    for (const body of ['a', 'b', 'c']) await send(url, body);
    await stand.client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'later', DelaySeconds: 60 }));
    await stand.receive(url, { MaxNumberOfMessages: 1 });

    const counts = await attributesOf(
      url,
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
      'ApproximateNumberOfMessagesDelayed',
    );

    expect(counts).toEqual({
      ApproximateNumberOfMessages: '2',
      ApproximateNumberOfMessagesNotVisible: '1',
      ApproximateNumberOfMessagesDelayed: '1',
    });
  });

  it('gives no attribute that it does not have', async () => {
    const url = await stand.createQueue('plain');

    expect(await attributesOf(url, 'KmsMasterKeyId', 'FifoQueue')).toEqual({});
    await expect(attributesOf(url, 'Colour' as QueueAttributeName)).rejects.toMatchObject({
      name: 'InvalidAttributeName',
    });
  });

  it('is not there unless the template has it', async () => {
    const missing = stand.client.send(new GetQueueUrlCommand({ QueueName: 'missing' }));

    await expect(missing).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      Code: 'AWS.SimpleQueueService.NonExistentQueue',
    });
  });

  it('is listed by prefix, page by page', async () => {
    for (const name of ['b-2', 'a-1', 'b-1', 'b-3']) await stand.createQueue(name);
    const input = { QueueNamePrefix: 'b', MaxResults: 2 };

    const first = await stand.client.send(new ListQueuesCommand(input));
    const second = await stand.client.send(new ListQueuesCommand({ ...input, NextToken: first.NextToken }));

    const names = [first, second].map(({ QueueUrls }) => QueueUrls?.map((url) => url.split('/').at(-1)));
    expect(names).toEqual([['b-1', 'b-2'], ['b-3']]);
    expect(second.NextToken).toBeUndefined();
  });

  it.each([
    ['a FIFO queue', { FifoQueue: true }, /FifoQueue/],
    ['a name of a FIFO queue', { QueueName: 'x.fifo' }, /QueueName/],
    ['a dead-letter queue of its own', { RedrivePolicy: {} }, /RedrivePolicy is not supported/],
    ['a retention of a second', { MessageRetentionPeriod: 1 }, /MessageRetentionPeriod/],
  ])('with %s is refused', async (_what, properties, message) => {
    const creation = stand.embedded.create(stand.sqs, 'AWS::SQS::Queue', 'Q', properties);

    await expect(creation).rejects.toThrow(message);
  });

  it('keeps messages, receivers and counts over a restart', async () => {
    const url = await stand.createQueue('kept');
    for (const body of ['free', 'taken', 'deleted']) await send(url, body);
    const [, taken, deleted] = await stand.receive(url, { VisibilityTimeout: 0 });
    const [again] = await stand.receive(url, { MaxNumberOfMessages: 1, VisibilityTimeout: 0 });
    expect(again?.Body).toBe('free');
    await stand.client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: deleted?.ReceiptHandle }));
    await stand.stop();

    stand = await startSqs(stand.embedded.folder);
    await stand.createQueue('kept');
    await stand.client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: taken?.ReceiptHandle }));

    const messages = await stand.receive(url);
    expect(messages.map(({ Body, Attributes }) => [Body, Attributes?.ApproximateReceiveCount])).toEqual([
      ['free', '3'],
    ]);
  });
});

describe('the policy of a queue', () => {
  const sender = () => new QueueSender(stand.embedded.aws, serviceRole('events.amazonaws.com'), 'events');

  function allow(url: string, more: object = {}) {
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: arnOf('dead'),
      Condition: { ArnEquals: { 'aws:SourceArn': RULE } },
      ...more,
    };
    const PolicyDocument = { Version: '2012-10-17', Statement: [statement] };
    return stand.embedded.create(stand.sqs, 'AWS::SQS::QueuePolicy', 'Policy', { Queues: [url], PolicyDocument });
  }

  it('lets a service send for the resource that it names', async () => {
    const url = await stand.createQueue('dead');
    await allow(url);

    await sender().send({ queueArn: arnOf('dead'), body: 'x', sourceArn: RULE });

    expect(await stand.receive(url)).toMatchObject([{ Body: 'x' }]);
  });

  it.each([
    ['another resource', {}, `${RULE}-other`],
    ['no resource', {}, undefined],
    ['another service', { Principal: { Service: 'sns.amazonaws.com' } }, RULE],
    ['another queue', { Resource: arnOf('other') }, RULE],
    ['another action', { Action: 'sqs:ReceiveMessage' }, RULE],
    ['nobody', { Effect: 'Deny', Principal: '*' }, RULE],
  ])('does not let it send for %s', async (_what, more, sourceArn) => {
    const url = await stand.createQueue('dead');
    await allow(url, more);

    const refused = sender().send({ queueArn: arnOf('dead'), body: 'x', ...(sourceArn && { sourceArn }) });

    await expect(refused).rejects.toMatchObject({ name: 'AccessDenied', Code: 'AccessDenied' });
    expect(await stand.receive(url)).toEqual([]);
  });

  it('that is not there lets no service in', async () => {
    await stand.createQueue('dead');

    const refused = sender().send({ queueArn: arnOf('dead'), body: 'x', sourceArn: RULE });

    await expect(refused).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('denies to a role what its own policies allow, and nothing else', async () => {
    const url = await stand.createQueue('dead');
    await allow(url, { Effect: 'Deny', Principal: { AWS: ROLE }, Action: 'sqs:PurgeQueue', Condition: {} });

    const purge = stand.client.send(new PurgeQueueCommand({ QueueUrl: url }));

    await expect(purge).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(send(url)).resolves.toMatchObject({ MessageId: expect.any(String) });
  });

  it('may demand encryption, as CDK writes it', async () => {
    const url = await stand.createQueue('dead');
    const Condition = { Bool: { 'aws:SecureTransport': 'false' } };
    await allow(url, { Effect: 'Deny', Principal: { AWS: '*' }, Action: 'sqs:*', Condition });

    await expect(send(url)).resolves.toMatchObject({ MessageId: expect.any(String) });
  });

  it('is refused where it holds what is not understood', async () => {
    const url = await stand.createQueue('dead');

    await expect(allow(url, { Condition: { ArnEquals: { 'aws:Moon': 'full' } } })).rejects.toThrow(/aws:Moon/);
    await expect(allow(url, { Principal: { Federated: 'x' } })).rejects.toThrow(/Statement/);
  });

  it('is there once for a queue', async () => {
    const url = await stand.createQueue('dead');
    await allow(url);

    await expect(allow(url)).rejects.toThrow(/has a policy already/);
  });

  it('and the queue itself are asked by a sender that only wants to know', async () => {
    const url = await stand.createQueue('dead');
    await allow(url);

    await sender().verify(arnOf('dead'), RULE);

    expect(await stand.receive(url)).toEqual([]);
    await expect(sender().verify(arnOf('dead'), 'arn:other')).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(sender().verify(arnOf('gone'), RULE)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });
});

describe('a role', () => {
  async function enforce(): Promise<Iam> {
    const iam = createIam(stand.embedded.aws);
    stand.embedded.gateway.authorize(iam.authorize);
    return iam;
  }

  it('may do to a queue what its policies say', async () => {
    const url = await stand.createQueue('dead');
    const iam = await enforce();
    const Statement = [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf('dead') }];
    const role = await iam.resources['AWS::IAM::Role']?.({
      ...{ logicalId: 'Sender', type: 'AWS::IAM::Role' },
      properties: {
        RoleName: 'sender',
        AssumeRolePolicyDocument: trusting('lambda.amazonaws.com'),
        Policies: [{ PolicyName: 'p', PolicyDocument: { Version: '2012-10-17', Statement } }],
      },
    });
    const client = new SQSClient(clientConfig(stand.embedded.aws, role?.attributes?.['Arn'] ?? '', 'test'));

    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' }));

    await expect(receiveAll(client, url)).rejects.toThrow(
      `is not authorized to perform: sqs:ReceiveMessage on resource: ${arnOf('dead')}`,
    );
    client.destroy();
  });

  it('of the operator may do everything', async () => {
    const url = await stand.createQueue('dead');
    await enforce();
    const client = new SQSClient(clientConfig(stand.embedded.aws, 'arn:aws:iam::000000000000:role/operator', 'test'));

    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' }));

    expect(await receiveAll(client, url)).toHaveLength(1);
    client.destroy();
  });
});
