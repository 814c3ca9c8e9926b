import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { createEventBridge } from '../../../local/events/events-service.ts';
import { AwsError } from '../../../local/gateway/aws-error.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { type Embedded, eventually, startEmbedded } from '../lambda/embedded.ts';
import { addSqs, createQueue, ROLE, receiveAll } from '../sqs/sqs-stand.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:Listener';
const RULE = 'arn:aws:events:us-east-1:000000000000:rule/Rule';
const DEAD = 'arn:aws:sqs:us-east-1:000000000000:dead';

let embedded: Embedded;
let sqs: AwsService;
let events: AwsService;
let client: EventBridgeClient;
let queues: SQSClient;
let deadUrl: string;
/** What Lambda does with an invocation. */
let invoked: () => void;

beforeEach(async () => {
  invoked = () => {};
  await start();
});

afterEach(async () => {
  vi.useRealTimers();
  client.destroy();
  queues.destroy();
  await embedded.destroy();
});

async function start(folder?: string): Promise<void> {
  embedded = await startEmbedded(folder);
  ({ sqs, client: queues } = await addSqs(embedded));
  const handle = async () => {
    invoked();
    return { status: 202 };
  };
  embedded.add({ signingName: 'lambda', resources: {}, handle, close: async () => {} });
  events = embedded.add(await createEventBridge(embedded.aws));
  client = new EventBridgeClient(clientConfig(embedded.aws, ROLE, 'test'));
  deadUrl = await createQueue(embedded, sqs, 'dead');
}

async function allow(queueUrl: string, queueArn: string, logicalId = 'Policy'): Promise<void> {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queueArn,
    Condition: { ArnEquals: { 'aws:SourceArn': RULE } },
  };
  const PolicyDocument = { Version: '2012-10-17', Statement: [statement] };
  await embedded.create(sqs, 'AWS::SQS::QueuePolicy', logicalId, { Queues: [queueUrl], PolicyDocument });
}

async function createRule(target: object = {}): Promise<void> {
  const Targets = [{ Id: 'Target0', Arn: FUNCTION, DeadLetterConfig: { Arn: DEAD }, ...target }];
  await embedded.create(events, 'AWS::Events::Rule', 'Rule', {
    Name: 'Rule',
    EventPattern: { source: ['outpost'] },
    Targets,
  });
}

async function put(): Promise<string | undefined> {
  const Entries = [{ Source: 'outpost', DetailType: 'Dispatch Ended', Detail: '{"id":"d1"}' }];
  return (await client.send(new PutEventsCommand({ Entries }))).Entries?.[0]?.EventId;
}

/** Waits for messages and returns each one's body, parsed, and the values of its attributes. */
async function letters(url = deadUrl) {
  const messages = await receiveAll(queues, url, { WaitTimeSeconds: 20 });
  return messages.map(({ Body = '', MessageAttributes = {} }) => ({
    body: JSON.parse(Body),
    attributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]),
    ),
  }));
}

const deliveries = () => readdirSync(join(embedded.folder, 'events', 'deliveries'));
const down = () => {
  throw new AwsError('ServiceException', 'Lambda is down.', { status: 500 });
};

describe('an event that its target does not take', () => {
  it('is in the dead-letter queue once its retries are used up', async () => {
    await allow(deadUrl, DEAD);
    await createRule({ RetryPolicy: { MaximumRetryAttempts: 1 } });
    await events.ready?.();
    const invocation = vi.fn(down);
    invoked = invocation;

    const id = await put();

    const [letter] = await letters();
    expect(letter?.body).toMatchObject({ id, source: 'outpost', detail: { id: 'd1' } });
    expect(letter?.attributes).toEqual({
      RULE_ARN: RULE,
      TARGET_ARN: FUNCTION,
      ERROR_CODE: 'ERROR_FROM_TARGET',
      ERROR_MESSAGE: 'Lambda is down.',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '1',
    });
    expect(invocation).toHaveBeenCalledTimes(2);
    await eventually(() => expect(deliveries()).toEqual([]));
  });

  it('is there once it is too old', async () => {
    await allow(deadUrl, DEAD);
    await createRule({ RetryPolicy: { MaximumEventAgeInSeconds: 60 } });
    await events.ready?.();
    invoked = () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
      down();
    };

    await put();

    const [letter] = await letters();
    expect(letter?.attributes).toMatchObject({
      EXHAUSTED_RETRY_CONDITION: 'MaximumEventAgeInSeconds',
      RETRY_ATTEMPTS: '0',
    });
  });

  it.each([
    ['ResourceNotFoundException', 404, 'NO_RESOURCE'],
    ['AccessDeniedException', 403, 'NO_PERMISSIONS'],
  ])('for %s is there at once, without a retry', async (code, status, errorCode) => {
    await allow(deadUrl, DEAD);
    await createRule();
    await events.ready?.();
    invoked = () => {
      throw new AwsError(code, 'No.', { status });
    };

    await put();

    const [letter] = await letters();
    expect(letter?.attributes).toEqual({
      RULE_ARN: RULE,
      TARGET_ARN: FUNCTION,
      ERROR_CODE: errorCode,
      ERROR_MESSAGE: 'No.',
      RETRY_ATTEMPTS: '0',
    });
  });

  it('is there as the event that it was, whatever the target would have got', async () => {
    await allow(deadUrl, DEAD);
    await createRule({ InputPath: '$.detail.id', RetryPolicy: { MaximumRetryAttempts: 0 } });
    await events.ready?.();
    invoked = down;

    await put();

    const [letter] = await letters();
    expect(letter?.body).toMatchObject({ 'detail-type': 'Dispatch Ended', detail: { id: 'd1' } });
  });

  it('is lost, with a line in the log, where the queue does not let the rule in', async () => {
    await createRule({ RetryPolicy: { MaximumRetryAttempts: 0 } });
    await events.ready?.();
    invoked = down;

    await put();

    await eventually(() =>
      expect(embedded.lines.join('\n')).toMatch(/rule\/Rule dropped an event for .*:dead: AccessDenied/),
    );
    expect(deliveries()).toEqual([]);
    expect(await receiveAll(queues, deadUrl)).toEqual([]);
  });

  it('gets to the queue although the process ends in between', async () => {
    await allow(deadUrl, DEAD);
    await createRule({ RetryPolicy: { MaximumRetryAttempts: 0 } });
    await events.ready?.();
    invoked = down;
    const busy = vi.spyOn(sqs, 'handle').mockRejectedValue(new Error('SQS is down'));
    const id = await put();
    await eventually(() => expect(busy).toHaveBeenCalled());
    await embedded.stop();
    client.destroy();
    queues.destroy();

    await start(embedded.folder);
    await allow(deadUrl, DEAD);
    await createRule();
    await events.ready?.();

    const [letter] = await letters();
    expect(letter?.body).toMatchObject({ id });
    expect(letter?.attributes).toMatchObject({ ERROR_MESSAGE: 'Lambda is down.' });
    await eventually(() => expect(deliveries()).toEqual([]));
  });
});

describe('a queue as a target', () => {
  it('gets the events of its rule', async () => {
    const url = await createQueue(embedded, sqs, 'inbox');
    const arn = 'arn:aws:sqs:us-east-1:000000000000:inbox';
    await allow(url, arn);
    await createRule({ Arn: arn, DeadLetterConfig: undefined });
    await events.ready?.();

    const id = await put();

    const [message] = await letters(url);
    expect(message?.body).toMatchObject({ id });
    expect(message?.attributes).toEqual({});
  });
});

describe('the dead-letter queues of rules', () => {
  it('are checked at boot: one that does not let EventBridge in is named with its rule', async () => {
    await createRule();

    await expect(events.verify?.()).rejects.toThrow(
      /rule Rule, dead-letter queue of target Target0: User: events\.amazonaws\.com is not authorized/,
    );
  });

  it('are checked at boot: one that is not there is named with its rule', async () => {
    await createRule({ DeadLetterConfig: { Arn: `${DEAD}-gone` } });

    await expect(events.verify?.()).rejects.toThrow(/dead-letter queue of target Target0: The specified queue/);
  });

  it('pass the check without a message', async () => {
    await allow(deadUrl, DEAD);
    await createRule();

    await events.verify?.();

    expect(await receiveAll(queues, deadUrl)).toEqual([]);
  });
});
