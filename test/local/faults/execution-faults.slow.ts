import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import type { FaultRates } from '../../../local/faults/fault-settings.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { createStepFunctions } from '../../../local/stepfunctions/stepfunctions-service.ts';
import { type Embedded, eventually, startEmbedded } from '../lambda/embedded.ts';
import { type Injected, inject, OPERATOR_ROLE } from './injected.ts';

const DISPATCH = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';
const GET_ITEM = 'arn:aws:states:::dynamodb:getItem';
const DEFINITION = {
  QueryLanguage: 'JSONata',
  StartAt: 'First',
  States: {
    First: { Type: 'Task', Resource: GET_ITEM, Arguments: { TableName: 'first', Key: {} }, Next: 'Second' },
    Second: { Type: 'Task', Resource: GET_ITEM, Arguments: { TableName: 'second', Key: {} }, End: true },
  },
};

let embedded: Embedded;
let injected: Injected;
let client: SFNClient;
let asked: string[];

beforeEach(async () => {
  embedded = await startEmbedded();
  client = new SFNClient(clientConfig(embedded.aws, OPERATOR_ROLE, 'test'));
  asked = [];
  embedded.add(dynamoDb());
});

afterEach(async () => {
  client.destroy();
  await embedded.destroy();
  injected.close();
});

function dynamoDb(): AwsService {
  return {
    signingName: 'dynamodb',
    resources: {},
    handle: async (request) => {
      asked.push(JSON.parse((await request.readBody()).toString()).TableName);
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{}' };
    },
    close: async () => {},
  };
}

/** Runs an execution of the state machine `two-calls` to its end, whatever that is. */
async function statusOf(rates: FaultRates, name = `${DISPATCH}-1`): Promise<string> {
  injected = await inject(embedded.folder, rates);
  embedded.gateway.intercept(injected.intercept);
  const service = embedded.add(await createStepFunctions(embedded.aws, { faults: injected.executions }));
  const { ref: stateMachineArn } = await embedded.create(service, 'AWS::StepFunctions::StateMachine', 'Machine', {
    StateMachineName: 'two-calls',
    DefinitionString: JSON.stringify(DEFINITION),
    RoleArn: 'arn:aws:iam::000000000000:role/machine',
  });
  await client.send(new StartExecutionCommand({ stateMachineArn, name, input: '{}' }));
  const status = () => (embedded.events.at(-1)?.detail as { status: string } | undefined)?.status ?? '';
  await eventually(() => expect(status()).not.toBe('RUNNING'));
  return status();
}

describe('faults of executions', () => {
  it.each([
    [1, 'before', []],
    [2, 'before', ['first']],
  ] as const)('stop: the execution is aborted with its call number %i', async (nth, effect, before) => {
    const moments = [{ name: 'at a call', call: { nth, effect } }];

    const status = await statusOf({ executions: [{ machine: 'two-calls', stop: 1, moments }] });

    expect(status).toBe('ABORTED');
    // The call that was under way still arrives, as it may in AWS.
    expect(asked.slice(0, before.length)).toEqual(before);
    expect(asked.length).toBeLessThanOrEqual(nth);
    expect(injected.faults()).toMatchObject([
      { point: 'execution', fault: 'stop', moment: 'at a call', ids: [DISPATCH] },
    ]);
  });

  it('stop: at any time, by the clock', async () => {
    const slow = { delay: 1, delayMs: [300, 300] as [number, number] };

    const status = await statusOf({ calls: [slow], executions: [{ stop: 1, moments: [{ delayMs: [50, 50] }] }] });

    expect(status).toBe('ABORTED');
  });

  it('leaves other state machines alone', async () => {
    const status = await statusOf({ executions: [{ machine: 'another', stop: 1 }] });

    expect([status, asked, injected.faults()]).toEqual(['SUCCEEDED', ['first', 'second'], []]);
  });

  it('meets the calls of an execution with faults of their own', async () => {
    const calls = [{ caller: 'state-machine' as const, containing: 'second', failBefore: 1, persist: 1 }];

    const status = await statusOf({ calls });

    expect([status, asked]).toEqual(['FAILED', ['first']]);
    expect(injected.faults().length).toBeGreaterThan(1);
  });
});
