import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { createEventBridge } from '../../../local/events/events-service.ts';
import { bundleRuntime } from '../../../local/lambda/bundle-runtime.ts';
import { createLambda } from '../../../local/lambda/lambda-service.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import {
  type Embedded,
  eventually,
  functionProperties,
  settled,
  startEmbedded,
  writeCode,
} from '../lambda/embedded.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:Listener';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:dead';
const TARGETS = [{ Id: 'Target0', Arn: FUNCTION }];
let embedded: Embedded;
let lambda: AwsService;
let events: AwsService;
let client: EventBridgeClient;

beforeEach(async () => {
  await start();
});

afterEach(async () => {
  vi.useRealTimers();
  client.destroy();
  await embedded.destroy();
});

async function start(folder?: string): Promise<void> {
  embedded = await startEmbedded(folder);
  embedded.add(await createLogs(embedded.aws));
  const runtimePath = await bundleRuntime(embedded.folder);
  lambda = embedded.add(await createLambda(embedded.aws, { resolveCode: (_bucket, key) => key, runtimePath }));
  events = embedded.add(await createEventBridge(embedded.aws));
  client = new EventBridgeClient(clientConfig(embedded.aws, 'arn:aws:iam::000000000000:role/caller', 'test'));
}

async function createListener(grant = true): Promise<void> {
  const directory = writeCode(
    embedded.folder,
    'Listener',
    `import { appendFileSync } from 'node:fs';
     export const handler = async (event) => appendFileSync(process.env.SEEN_FILE, JSON.stringify(event) + '\\n');`,
  );
  const Environment = { Variables: { SEEN_FILE: join(embedded.folder, 'seen') } };
  // Longer than the minute that a test skips: it must not time out what is running.
  const properties = functionProperties(directory, { FunctionName: 'Listener', Environment, Timeout: 300 });
  await embedded.create(lambda, 'AWS::Lambda::Function', 'Listener', properties);
  if (!grant) return;
  const permission = { Action: 'lambda:InvokeFunction', FunctionName: FUNCTION, Principal: 'events.amazonaws.com' };
  await embedded.create(lambda, 'AWS::Lambda::Permission', 'Permission', permission);
}

function createRule(properties: object, logicalId = 'Rule') {
  return embedded.create(events, 'AWS::Events::Rule', logicalId, { Name: logicalId, Targets: TARGETS, ...properties });
}

async function ready(): Promise<void> {
  await events.verify?.();
  await lambda.ready?.();
  await events.ready?.();
}

function put(...Entries: PutEventsRequestEntry[]) {
  return client.send(new PutEventsCommand({ Entries }));
}

function entry(more: PutEventsRequestEntry = {}): PutEventsRequestEntry {
  return { Source: 'outpost.api', DetailType: 'Dispatch Ended', Detail: '{"id":"d1"}', ...more };
}

function seen(): Record<string, unknown>[] {
  const file = join(embedded.folder, 'seen');
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];
}

const deliveries = () => readdirSync(join(embedded.folder, 'events', 'deliveries'));

describe('a rule', () => {
  it('yields its name and ARN, by its bus', async () => {
    const bus = await embedded.create(events, 'AWS::Events::EventBus', 'Bus', { Name: 'outpost' });
    const onDefault = await createRule({ EventPattern: { source: ['x'] } }, 'One');
    const onBus = await createRule({ EventPattern: { source: ['x'] }, EventBusName: bus.ref }, 'Two');

    const prefix = 'arn:aws:events:us-east-1:000000000000';
    expect(bus).toEqual({ ref: 'outpost', attributes: { Arn: `${prefix}:event-bus/outpost`, Name: 'outpost' } });
    expect(onDefault).toEqual({ ref: 'One', attributes: { Arn: `${prefix}:rule/One` } });
    expect(onBus).toEqual({ ref: 'outpost|Two', attributes: { Arn: `${prefix}:rule/outpost/Two` } });
  });

  it('takes matching events of its bus to its functions, in the envelope of EventBridge', async () => {
    await createListener();
    await embedded.create(events, 'AWS::Events::EventBus', 'Bus', { Name: 'outpost' });
    await createRule({ EventBusName: 'outpost', EventPattern: { detail: { id: ['d1'] } } });
    await ready();

    const answer = await put(
      entry({ EventBusName: 'outpost', Resources: ['arn:x'], Time: new Date('2026-11-21T10:00:00.700Z') }),
      entry({ EventBusName: 'outpost', Detail: '{"id":"d2"}' }),
      entry({ Detail: '{"id":"d1"}' }),
    );

    await settled(embedded);
    expect(answer.FailedEntryCount).toBe(0);
    expect(seen()).toHaveLength(1);
    expect(seen()[0]).toEqual({
      version: '0',
      id: answer.Entries?.[0]?.EventId,
      'detail-type': 'Dispatch Ended',
      source: 'outpost.api',
      account: '000000000000',
      time: '2026-11-21T10:00:00Z',
      region: 'us-east-1',
      resources: ['arn:x'],
      detail: { id: 'd1' },
    });
    expect(embedded.events.map((event) => event.id)).toEqual([answer.Entries?.[2]?.EventId]);
  });

  it('hears what a service publishes on the default bus', async () => {
    await createListener();
    await createRule({ EventPattern: { source: ['aws.states'], detail: { status: ['ABORTED'] } } });
    await ready();

    embedded.aws.publish({ source: 'aws.states', 'detail-type': 'Status Change', detail: { status: 'RUNNING' } });
    embedded.aws.publish({ source: 'aws.states', 'detail-type': 'Status Change', detail: { status: 'ABORTED' } });

    await settled(embedded);
    expect(seen().map((event) => event['detail'])).toEqual([{ status: 'ABORTED' }]);
  });

  it('that is disabled hears nothing', async () => {
    await createListener();
    await createRule({ EventPattern: { source: ['outpost.api'] }, State: 'DISABLED' }, 'Off');
    await createRule({ EventPattern: { source: ['outpost.api'] } }, 'On');
    await ready();

    await put(entry());

    await settled(embedded);
    expect(seen()).toHaveLength(1);
  });

  it('fires by its schedule', async () => {
    await createListener();
    const { attributes } = await createRule({ ScheduleExpression: 'rate(1 minute)' });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await ready();

    await vi.advanceTimersByTimeAsync(60_000);

    // A rate fires when it begins, and a minute later.
    await eventually(() => expect(seen()).toHaveLength(2));
    expect(seen()[0]).toMatchObject({
      source: 'aws.events',
      'detail-type': 'Scheduled Event',
      resources: [attributes?.['Arn']],
      detail: {},
    });
  });

  it.each([
    ['a pattern with an unknown operator', { EventPattern: { source: [{ contains: 'x' }] } }, /operator 'contains'/],
    ['neither pattern nor schedule', {}, /EventPattern or ScheduleExpression is needed/],
    ['a schedule that is none', { ScheduleExpression: 'hourly' }, /ScheduleExpression/],
    ['a bus that is not there', { EventPattern: { source: ['x'] }, EventBusName: 'no' }, /Event bus no does not exist/],
    [
      'a dead-letter queue that is FIFO',
      { ScheduleExpression: 'rate(1 day)', Targets: [{ ...TARGETS[0], DeadLetterConfig: { Arn: `${QUEUE}.fifo` } }] },
      /Targets\.0\.DeadLetterConfig\.Arn: is not the ARN of a standard queue/,
    ],
    [
      'a target that is neither function nor queue',
      { ScheduleExpression: 'rate(1 day)', Targets: [{ Id: 'x', Arn: 'arn:aws:sns:us-east-1:000000000000:t' }] },
      /Targets\.0\.Arn/,
    ],
    ['a role', { ScheduleExpression: 'rate(1 day)', RoleArn: 'arn' }, /RoleArn is not supported/],
  ])('with %s is refused', async (_what, properties, message) => {
    await expect(createRule(properties)).rejects.toThrow(message);
  });
});

describe('the targets of the rules', () => {
  it('are checked at boot: one that is not there is named with its rule', async () => {
    await createRule({ EventPattern: { source: ['x'] } }, 'Lonely');

    await expect(ready()).rejects.toThrow(/rule Lonely, target Target0: Function not found: .*function:Listener/);
  });

  it('are checked at boot: one that does not let EventBridge in is named with its rule', async () => {
    await createListener(false);
    await createRule({ EventPattern: { source: ['x'] } }, 'Stranger');

    await expect(ready()).rejects.toThrow(
      /rule Stranger, target Target0: User: events\.amazonaws\.com is not authorized/,
    );
  });
});

describe('a delivery', () => {
  it('that was accepted and not made survives the process', async () => {
    await createListener();
    await createRule({ EventPattern: { source: ['outpost.api'] } });
    await put(entry());
    expect(deliveries()).toHaveLength(1);
    appendFileSync(join(embedded.folder, 'events', 'deliveries', 'half.part'), '{"functionArn":');
    await embedded.stop();

    await start(embedded.folder);
    await createListener();
    await createRule({ EventPattern: { source: ['outpost.api'] } });
    await ready();

    await eventually(() => expect(seen()).toHaveLength(1));
    await eventually(() => expect(deliveries()).toEqual([]));
  });

  it('is made again when Lambda fails', async () => {
    await createListener();
    await createRule({ EventPattern: { source: ['outpost.api'] } });
    await ready();
    const handle = vi.spyOn(lambda, 'handle').mockRejectedValueOnce(new Error('down'));

    await put(entry());

    await eventually(() => expect(seen()).toHaveLength(1));
    expect(handle).toHaveBeenCalledTimes(2);
    await eventually(() => expect(deliveries()).toEqual([]));
  });

  it('is given up with a line in the log when its policy says so', async () => {
    await createListener();
    const Targets = [{ ...TARGETS[0], RetryPolicy: { MaximumRetryAttempts: 0 } }];
    await createRule({ EventPattern: { source: ['outpost.api'] }, Targets });
    await ready();
    vi.spyOn(lambda, 'handle').mockRejectedValueOnce(new Error('down'));

    await put(entry());

    await eventually(() => expect(embedded.lines.join()).toMatch(/rule\/Rule dropped an event for .*Listener/));
    expect(deliveries()).toEqual([]);
  });
});

describe('PutEvents', () => {
  it.each([
    ['no source', { Source: '' }, 'InvalidArgument'],
    ['no detail type', { DetailType: '' }, 'InvalidArgument'],
    ['a source of AWS', { Source: 'aws.states' }, 'NotAuthorizedForSource'],
    ['a detail that is not JSON', { Detail: '{"a"' }, 'MalformedDetail'],
    ['a detail that is not an object', { Detail: '[1]' }, 'MalformedDetail'],
  ])('refuses an entry with %s, and takes the others', async (_what, more, code) => {
    const answer = await put(entry(more), entry());

    expect(answer.FailedEntryCount).toBe(1);
    expect(answer.Entries?.[0]).toMatchObject({ ErrorCode: code });
    expect(answer.Entries?.[1]?.EventId).toMatch(/^[0-9a-f-]{36}$/);
    expect(embedded.events).toHaveLength(1);
  });

  it('refuses more than 10 entries, and more than 256 KiB', async () => {
    const many = Array.from({ length: 11 }, () => entry());
    const big = [1, 2].map(() => entry({ Detail: JSON.stringify({ x: 'x'.repeat(140_000) }) }));

    await expect(put(...many)).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(put(...big)).rejects.toMatchObject({ name: 'ValidationException', message: /over the limit/ });
  });

  it('refuses a bus that is not there, wherever it stands', async () => {
    await expect(put(entry(), entry({ EventBusName: 'no' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    expect(embedded.events).toEqual([]);
  });
});

describe('the default bus', () => {
  it('lets every listener hear the events in the same order, whatever a listener publishes or throws', () => {
    const heard: string[] = [];
    const publish = (source: string) => embedded.aws.publish({ source, 'detail-type': 't', detail: {} });
    embedded.aws.onEvent((event) => {
      if (event.source === 'first') publish('reaction');
      throw new Error('a listener of no use');
    });
    const stop = embedded.aws.onEvent((event) => heard.push(event.source));

    publish('first');
    publish('second');
    stop();
    publish('third');

    expect(heard).toEqual(['first', 'reaction', 'second']);
    expect(embedded.events.map((event) => event.source)).toEqual(['first', 'reaction', 'second', 'third']);
    expect(embedded.lines.filter((line) => line.includes('a listener of no use'))).toHaveLength(4);
  });
});

describe('an archive', () => {
  it('is accepted for a bus that is there', async () => {
    const SourceArn = 'arn:aws:events:us-east-1:000000000000:event-bus/default';

    const values = await embedded.create(events, 'AWS::Events::Archive', 'A', { ArchiveName: 'a', SourceArn });

    expect(values).toEqual({ ref: 'a', attributes: { Arn: 'arn:aws:events:us-east-1:000000000000:archive/a' } });
  });
});
