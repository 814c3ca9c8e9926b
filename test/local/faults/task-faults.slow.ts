import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { createEcs } from '../../../local/ecs/ecs-service.ts';
import type { FaultRates, FaultSettings } from '../../../local/faults/fault-settings.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { launch } from '../ecs/stand.ts';
import { type Embedded, eventually, startEmbedded } from '../lambda/embedded.ts';
import { type Injected, inject, OPERATOR_ROLE } from './injected.ts';

const SLOT = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';
const ROLE = 'arn:aws:iam::000000000000:role';
const SDK = createRequire(import.meta.url).resolve('@aws-sdk/client-dynamodb');
/** Registers itself with its time, begins, and waits to be stopped. */
const WORKER = `
import { createRequire } from 'node:module';
const { DynamoDBClient, UpdateItemCommand } = createRequire('file:///')(${JSON.stringify(SDK)});
const client = new DynamoDBClient({});
process.on('SIGTERM', () => process.exit(143));
for (const what of ['warmAt', 'startedAt']) {
  const input = { TableName: 'pool', Key: { slotId: { S: process.env.SLOT_ID } }, UpdateExpression: 'SET ' + what + ' = :now' };
  await client.send(new UpdateItemCommand({ ...input, ExpressionAttributeValues: { ':now': { N: String(Date.now()) } } }));
}
setInterval(() => {}, 1000);`;

interface Stopped {
  readonly stopCode: string;
  readonly stoppedReason: string;
  readonly containers: readonly { readonly exitCode?: number }[];
}

let embedded: Embedded;
let injected: Injected;
let ecs: ECSClient;
/** What took effect in DynamoDB. */
let updates: string[];

beforeEach(async () => {
  embedded = await startEmbedded();
  updates = [];
  ecs = new ECSClient(clientConfig(embedded.aws, OPERATOR_ROLE, 'test'));
});

afterEach(async () => {
  ecs.destroy();
  await embedded.destroy();
  injected.close();
});

async function begin(rates: FaultRates, more: Partial<FaultSettings> = {}): Promise<void> {
  injected = await inject(embedded.folder, rates, more);
  embedded.gateway.intercept(injected.intercept);
  embedded.add(dynamoDb());
  const directory = join(embedded.folder, 'image');
  mkdirSync(directory);
  writeFileSync(join(directory, 'main.mjs'), WORKER);
  const service = await createEcs(embedded.aws, {
    resolveImage: () => ({ command: [process.execPath, 'main.mjs'], directory, env: {} }),
    openPath: (prefix, handler) => embedded.gateway.openPath(prefix, handler),
    faults: injected.tasks,
  });
  embedded.add(service);
  await embedded.create(service, 'AWS::ECS::Cluster', 'Cluster', { ClusterName: 'main' });
  await embedded.create(service, 'AWS::ECS::TaskDefinition', 'Definition', {
    Family: 'worker',
    Cpu: '256',
    Memory: '512',
    NetworkMode: 'awsvpc',
    RequiresCompatibilities: ['FARGATE'],
    TaskRoleArn: `${ROLE}/task`,
    ExecutionRoleArn: `${ROLE}/execution`,
    ContainerDefinitions: [{ Name: 'worker', Image: 'app' }],
  });
  await service.ready?.();
}

function dynamoDb(): AwsService {
  return {
    signingName: 'dynamodb',
    resources: {},
    handle: async (request) => {
      updates.push(JSON.parse((await request.readBody()).toString()).UpdateExpression);
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{}' };
    },
    close: async () => {},
  };
}

/** Starts an ECS task for the slot. */
async function run() {
  const environment = [{ name: 'SLOT_ID', value: SLOT }];
  const overrides = { containerOverrides: [{ name: 'worker', environment }] };
  return ecs.send(new RunTaskCommand({ ...launch, overrides }));
}

async function stopped(): Promise<Stopped> {
  const details = () => embedded.events.map(({ detail }) => detail as Stopped & { lastStatus: string });
  await eventually(() => expect(details().at(-1)?.lastStatus).toBe('STOPPED'));
  return details().at(-1) as Stopped;
}

const at = (containing: string, more: object = {}) => ({
  name: containing,
  call: { operation: 'UpdateItem', containing, ...more },
});

describe('faults of ECS tasks', () => {
  it('noCapacity: RunTask answers a failure', async () => {
    await begin({ tasks: [{ noCapacity: 1 }] });

    const { tasks, failures } = await run();

    expect([tasks, failures]).toEqual([[], [{ reason: expect.stringMatching(/^Capacity is unavailable/) }]]);
    expect(injected.faults()).toMatchObject([{ point: 'task', fault: 'noCapacity', ids: [SLOT] }]);
  });

  it('failToStart: the ECS task stops before its container runs', async () => {
    await begin({ tasks: [{ failToStart: 1 }] });

    await run();

    expect(await stopped()).toMatchObject({
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringMatching(/^CannotPull/),
    });
    expect(updates).toEqual([]);
  });

  it('kill: the worker dies of SIGKILL before it has registered', async () => {
    await begin({ tasks: [{ given: 'SLOT_ID', kill: 1, moments: [{ name: 'start', delayMs: [0, 10] }] }] });

    await run();

    const { stopCode, containers } = await stopped();
    expect([stopCode, containers[0]?.exitCode]).toEqual(['EssentialContainerExited', 137]);
    expect([updates, injected.faults()]).toMatchObject([[], [{ fault: 'kill', moment: 'start', ids: [SLOT] }]]);
  });

  it.each([
    ['before', []],
    ['after', ['SET warmAt = :now']],
  ])('kill: the worker dies with a call of its own, %s it took effect', async (effect, done) => {
    await begin({ tasks: [{ kill: 1, moments: [at('warmAt', { effect })] }] });

    await run();

    expect((await stopped()).containers[0]?.exitCode).toBe(137);
    expect(updates).toEqual(done);
  });

  it('kill: the worker dies a while after a call, which is answered', async () => {
    await begin({ tasks: [{ kill: 1, moments: [{ ...at('startedAt'), delayMs: [100, 100] }] }] });

    await run();

    expect((await stopped()).containers[0]?.exitCode).toBe(137);
    expect(injected.calls()).toContainEqual(
      expect.objectContaining({ caller: 'worker', update: expect.stringMatching(/^SET startedAt/), outcome: 'ok' }),
    );
  });

  it('kill: the worker dies when somebody else makes a call about its slot', async () => {
    await begin({ tasks: [{ kill: 1, moments: [at('claimedBy', { by: 'others' })] }] });
    const other = new DynamoDBClient(clientConfig(embedded.aws, OPERATOR_ROLE, 'claimer'));
    const claim = (slotId: string) =>
      other.send(
        new UpdateItemCommand({
          TableName: 'pool',
          Key: { slotId: { S: slotId } },
          UpdateExpression: 'SET claimedBy = :id',
          ExpressionAttributeValues: { ':id': { S: 'x' } },
        }),
      );
    await run();
    await eventually(() => expect(updates).toHaveLength(2));
    await claim(SLOT.replace('01', '02'));
    expect(injected.faults()).toEqual([]);

    await claim(SLOT);

    expect((await stopped()).containers[0]?.exitCode).toBe(137);
    expect(injected.faults()).toMatchObject([{ fault: 'kill', moment: 'claimedBy' }]);
    other.destroy();
  });

  it('interrupt: Fargate Spot takes the capacity away, SIGTERM first', async () => {
    await begin({ tasks: [{ interrupt: 1, moments: [at('startedAt')] }] });

    await run();

    const { stopCode, containers } = await stopped();
    expect([stopCode, containers[0]?.exitCode]).toEqual(['SpotInterruption', 143]);
  });

  it('puts the clock of a worker off', async () => {
    await begin({ clocks: { workers: 1, maxMs: 600_000 } }, { seed: 3 });

    await run();

    await eventually(() => expect(updates).toHaveLength(2));
    const [registered] = injected.calls().filter(({ caller }) => caller === 'worker');
    const now = Number(/= (\d+)/.exec(String(registered?.['update']))?.[1]);
    expect(Math.abs(now - Date.now())).toBeGreaterThan(10_000);
  });
});
