import { ECSClient } from '@aws-sdk/client-ecs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { z } from 'zod';
import { EcsTaskStateChange } from '../../core/events.ts';
import { DispatchStore } from '../shared/dispatch-store.ts';
import { documentClient } from '../shared/document-client.ts';
import { EcsTasks } from '../shared/ecs-tasks.ts';
import { readEnv } from '../shared/env.ts';
import { Executions } from '../shared/executions.ts';
import { instrument } from '../shared/instrument.ts';
import { PoolStore } from '../shared/pool-store.ts';
import { SettleRequester } from '../shared/settle-requester.ts';
import { SlotExecutions } from '../shared/slot-executions.ts';
import { stepFunctionsCallback } from '../shared/task-callback.ts';
import { trackEcs } from './track-ecs.ts';

const env = readEnv({
  DISPATCHES_TABLE: z.string(),
  POOL_TABLE: z.string(),
  CLUSTER_ARN: z.string(),
  DISPATCH_STATE_MACHINE_ARN: z.string(),
  WARM_SLOT_STATE_MACHINE_ARN: z.string(),
  SETTLE_FUNCTION: z.string(),
});
const client = documentClient();
const sfn = new SFNClient({});
const collaborators = {
  dispatches: new DispatchStore(client, env.DISPATCHES_TABLE),
  pool: new PoolStore(client, env.POOL_TABLE),
  executions: new Executions(sfn, env.DISPATCH_STATE_MACHINE_ARN),
  slotExecutions: new SlotExecutions(sfn, env.WARM_SLOT_STATE_MACHINE_ARN),
  callback: stepFunctionsCallback(sfn),
  tasks: new EcsTasks(new ECSClient({}), env.CLUSTER_ARN),
  settler: new SettleRequester(new LambdaClient({}), env.SETTLE_FUNCTION),
  now: () => new Date(),
};

export const handler = instrument('track-ecs', async (event: unknown, { logger }) => {
  const { detail } = EcsTaskStateChange.parse(event);
  const tracked = await trackEcs(collaborators, detail);
  const { taskArn, lastStatus } = detail;
  logger[tracked === 'nothing' ? 'debug' : 'info']('Heard of an ECS task', { taskArn, lastStatus, tracked });
  return tracked;
});
