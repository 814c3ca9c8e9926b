import { CloudWatchLogsClient, ResourceNotFoundException } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient, InvalidParameterException } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { ExecutionAlreadyExists, ExecutionDoesNotExist, SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it, vi } from 'vitest';
import { AgentLog } from '../../lambdas/api/agent-log.ts';
import { EcsTasks } from '../../lambdas/shared/ecs-tasks.ts';
import { EventPublisher, EventRejectedError } from '../../lambdas/shared/event-publisher.ts';
import { Executions } from '../../lambdas/shared/executions.ts';
import { DISPATCH_ID, NOW, TASK_ARN } from './records.ts';

const REF = { dispatchId: DISPATCH_ID, attempt: 1 };
const COMMON = { ...REF, tenantId: 'acme', agent: 'shell' } as const;
const STATE_MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:outpost-dispatch';
const FAULT = { $metadata: {}, message: 'as AWS says it' };

/** A client whose every call is answered, or refused, with this. */
function answering<Client extends { send: unknown }>(client: Client, answer: object): Client {
  const send = async () => {
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return Object.assign(client, { send: vi.fn(send) });
}
const region = 'us-east-1';
const ecs = (answer: object) => new EcsTasks(answering(new ECSClient({ region }), answer), 'cluster');
const executions = (answer: object) => new Executions(answering(new SFNClient({ region }), answer), STATE_MACHINE);

describe('an answer of AWS', () => {
  it('of 200 that refuses an event is an error', async () => {
    const client = answering(new EventBridgeClient({ region }), {
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }],
    });
    const detail = { ...COMMON, version: '1', eventId: 'e', requestedAt: NOW } as const;

    const published = new EventPublisher(client, 'outpost').requested(detail);

    await expect(published).rejects.toThrow(EventRejectedError);
  });

  it('that an ECS task is forgotten leaves nothing to stop', async () => {
    const forgotten = new InvalidParameterException({ ...FAULT, message: 'The referenced task was not found.' });
    const other = new InvalidParameterException({ ...FAULT, message: 'Reason is too long.' });

    await expect(ecs(forgotten).stop(TASK_ARN, 'cancel')).resolves.toBeUndefined();
    await expect(ecs(other).stop(TASK_ARN, 'cancel')).rejects.toThrow('too long');
    expect(await ecs({ tasks: [], failures: [{ reason: 'MISSING' }] }).describe(TASK_ARN)).toBeUndefined();
  });

  it('that an execution exists already means that it is started', async () => {
    const input = { ...COMMON, timeoutSeconds: 60 };

    await expect(executions(new ExecutionAlreadyExists(FAULT)).start(input)).resolves.toBeUndefined();
    await expect(executions(new Error('throttled')).start(input)).rejects.toThrow('throttled');
  });

  it('that an execution does not exist means that it was never started', async () => {
    const arn = executions({}).arnOf(REF);

    expect(await executions(new ExecutionDoesNotExist(FAULT)).history(arn)).toBeUndefined();
    await expect(executions(new Error('throttled')).history(arn)).rejects.toThrow('throttled');
  });

  it('that a log stream is not there means that nothing was printed yet', async () => {
    const log = (answer: object) => new AgentLog(answering(new CloudWatchLogsClient({ region }), answer), '/agents');
    const position = { agent: 'shell', taskArn: TASK_ARN, limit: 5 };

    expect(await log(new ResourceNotFoundException(FAULT)).read(position)).toEqual({ lines: [], nextToken: null });
    await expect(log(new Error('throttled')).read(position)).rejects.toThrow('throttled');
  });
});
