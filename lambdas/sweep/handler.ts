import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { z } from 'zod';
import { DispatchStore } from '../shared/dispatch-store.ts';
import { documentClient } from '../shared/document-client.ts';
import { EcsTasks } from '../shared/ecs-tasks.ts';
import { readEnv } from '../shared/env.ts';
import { EventPublisher } from '../shared/event-publisher.ts';
import { Executions } from '../shared/executions.ts';
import { instrument } from '../shared/instrument.ts';
import { outcomeMetrics } from '../shared/outcome-metrics.ts';
import { SettleRequester } from '../shared/settle-requester.ts';
import { TenantStore } from '../shared/tenant-store.ts';
import { sweep } from './sweep.ts';
import { SweepMemory } from './sweep-memory.ts';
import { sweepMetrics } from './sweep-metrics.ts';

const env = readEnv({
  DISPATCHES_TABLE: z.string(),
  TENANTS_TABLE: z.string(),
  POOL_TABLE: z.string(),
  EVENT_BUS_NAME: z.string(),
  CLUSTER_ARN: z.string(),
  DISPATCH_STATE_MACHINE_ARN: z.string(),
  SETTLE_FUNCTION: z.string(),
});
const client = documentClient();
const collaborators = {
  dispatches: new DispatchStore(client, env.DISPATCHES_TABLE),
  tenants: new TenantStore(client, env.TENANTS_TABLE),
  memory: new SweepMemory(client, env.POOL_TABLE),
  events: new EventPublisher(new EventBridgeClient({}), env.EVENT_BUS_NAME),
  executions: new Executions(new SFNClient({}), env.DISPATCH_STATE_MACHINE_ARN),
  tasks: new EcsTasks(new ECSClient({}), env.CLUSTER_ARN),
  settler: new SettleRequester(new LambdaClient({}), env.SETTLE_FUNCTION),
  now: () => new Date(),
};

export const handler = instrument('sweep', async (_: unknown, { logger, metrics }) => {
  const swept = await sweep({ ...collaborators, metrics: { ...outcomeMetrics(metrics), ...sweepMetrics(metrics) } });
  logger.info('Swept', { ...swept });
  return swept;
});
