import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEventBridge } from '../../../local/events/events-service.ts';
import type { FaultRates } from '../../../local/faults/fault-settings.ts';
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
import { type Injected, inject } from './injected.ts';

const DISPATCH = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:Listener';
const LISTENER = `
import { appendFileSync } from 'node:fs';
export const handler = async ({ detail }) => appendFileSync(process.env.SEEN_FILE, detail.n + '\\n');`;

let embedded: Embedded;
let injected: Injected;
let client: EventBridgeClient;

beforeEach(async () => {
  embedded = await startEmbedded();
  client = new EventBridgeClient(clientConfig(embedded.aws, 'arn:aws:iam::000000000000:role/caller', 'test'));
});

afterEach(async () => {
  client.destroy();
  await embedded.destroy();
  injected.close();
});

/** A rule `own` on the bus `outpost` and a rule `default` on the default bus, with a target that writes down numbers. */
async function begin(events: FaultRates['events'], seed = 1): Promise<void> {
  injected = await inject(embedded.folder, { events }, { seed });
  embedded.add(await createLogs(embedded.aws));
  const runtimePath = await bundleRuntime(embedded.folder);
  const lambda = embedded.add(await createLambda(embedded.aws, { resolveCode: (_bucket, key) => key, runtimePath }));
  const bridge = embedded.add(await createEventBridge(embedded.aws, { faults: injected.deliveries }));
  const Environment = { Variables: { SEEN_FILE: join(embedded.folder, 'seen') } };
  const directory = writeCode(embedded.folder, 'Listener', LISTENER);
  const properties = functionProperties(directory, { FunctionName: 'Listener', Environment });
  await embedded.create(lambda, 'AWS::Lambda::Function', 'Listener', properties);
  const permission = { Action: 'lambda:InvokeFunction', FunctionName: FUNCTION, Principal: 'events.amazonaws.com' };
  await embedded.create(lambda, 'AWS::Lambda::Permission', 'Permission', permission);
  await embedded.create(bridge, 'AWS::Events::EventBus', 'Bus', { Name: 'outpost' });
  for (const [Name, EventBusName] of [
    ['own', 'outpost'],
    ['default', 'default'],
  ]) {
    const Targets = [{ Id: 'Target0', Arn: FUNCTION }];
    const rule = { Name, EventBusName, EventPattern: { source: ['test'] }, Targets };
    await embedded.create(bridge, 'AWS::Events::Rule', `Rule-${Name}`, rule);
  }
  await lambda.ready?.();
  await bridge.ready?.();
}

async function put(n: number, DetailType = 'Number', EventBusName = 'outpost'): Promise<void> {
  const Detail = JSON.stringify({ n, dispatchId: DISPATCH });
  await client.send(new PutEventsCommand({ Entries: [{ Source: 'test', DetailType, Detail, EventBusName }] }));
}

function seen(): number[] {
  const file = join(embedded.folder, 'seen');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
}

describe('faults of events', () => {
  it('drop: the event reaches nobody, others do', async () => {
    await begin([{ bus: 'outpost', detailType: 'Lost', drop: 1 }]);

    await put(1, 'Lost');
    await put(2);
    await put(3, 'Lost', 'default');

    await settled(embedded);
    expect(seen().toSorted()).toEqual([2, 3]);
    expect(injected.faults()).toMatchObject([
      { point: 'event', fault: 'drop', bus: 'outpost', rule: 'own', detailType: 'Lost', ids: [DISPATCH], delays: [] },
    ]);
  });

  it('double: the target gets the event twice', async () => {
    await begin([{ rule: 'own', double: 1, reorderMs: [20, 20] }]);

    await put(1);

    await settled(embedded);
    expect(seen()).toEqual([1, 1]);
    expect(injected.faults()).toMatchObject([{ fault: 'double', delays: [0, 20] }]);
  });

  it('delay: the event comes later, on the default bus as well', async () => {
    await begin([{ bus: 'default', delay: 1, delayMs: [120, 120] }]);
    const began = performance.now();

    await put(1, 'Number', 'default');

    await eventually(() => expect(seen()).toEqual([1]));
    expect(performance.now() - began).toBeGreaterThan(110);
  });

  it('reorder: what follows overtakes the event', async () => {
    await begin([{ detailType: 'Slow', reorder: 1, reorderMs: [2_000, 2_000] }]);

    await put(1, 'Slow');
    await put(2);

    await eventually(() => expect(seen()).toEqual([2, 1]));
    expect(injected.faults()).toMatchObject([{ fault: 'reorder', delays: [2_000] }]);
  });

  it('keeps an event that is held back over a restart', async () => {
    await begin([{ delay: 1, delayMs: [2_000, 2_000] }]);
    await put(1);
    injected.close();
    await embedded.stop();
    expect(seen()).toEqual([]);

    embedded = await startEmbedded(embedded.folder);
    await begin([]);

    await eventually(() => expect(seen()).toEqual([1]));
  });

  it('delivers once and at once without a plan for it', async () => {
    await begin([]);

    await put(1);

    await settled(embedded);
    expect(seen()).toEqual([1]);
    expect(injected.faults()).toEqual([]);
  });
});
