import { setTimeout as wait } from 'node:timers/promises';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { z } from 'zod';
import { attemptName } from '../../core/ids.ts';
import { ArtifactStore } from '../shared/artifact-store.ts';
import { DispatchStore } from '../shared/dispatch-store.ts';
import { documentClient } from '../shared/document-client.ts';
import { EcsTasks } from '../shared/ecs-tasks.ts';
import { readEnv } from '../shared/env.ts';
import { EventPublisher } from '../shared/event-publisher.ts';
import { Executions } from '../shared/executions.ts';
import { instrument } from '../shared/instrument.ts';
import { outcomeMetrics } from '../shared/outcome-metrics.ts';
import { PoolStore } from '../shared/pool-store.ts';
import { TenantStore } from '../shared/tenant-store.ts';
import { settle } from './settle.ts';
import { readOrder, SettleEvent } from './settle-event.ts';

const env = readEnv({
  DISPATCHES_TABLE: z.string(),
  TENANTS_TABLE: z.string(),
  POOL_TABLE: z.string(),
  ARTIFACTS_BUCKET: z.string(),
  EVENT_BUS_NAME: z.string(),
  CLUSTER_ARN: z.string(),
  DISPATCH_STATE_MACHINE_ARN: z.string(),
});
const client = documentClient();
const executions = new Executions(new SFNClient({}), env.DISPATCH_STATE_MACHINE_ARN);
const collaborators = {
  dispatches: new DispatchStore(client, env.DISPATCHES_TABLE),
  tenants: new TenantStore(client, env.TENANTS_TABLE),
  pool: new PoolStore(client, env.POOL_TABLE),
  artifacts: new ArtifactStore(new S3Client({}), env.ARTIFACTS_BUCKET),
  events: new EventPublisher(new EventBridgeClient({}), env.EVENT_BUS_NAME),
  tasks: new EcsTasks(new ECSClient({}), env.CLUSTER_ARN),
  now: () => new Date(),
  wait: async (milliseconds: number) => wait(milliseconds),
};

export const handler = instrument('settle', async (event: unknown, { logger, metrics }) => {
  const order = await readOrder(executions, SettleEvent.parse(event));
  if (!order) return undefined;
  const recorded = await settle({ ...collaborators, metrics: outcomeMetrics(metrics) }, order.ref, order.execution);
  const facts = { attempt: attemptName(order.ref), execution: order.execution, recorded };
  logger.info(recorded ? 'Settled an attempt' : 'Nothing to settle', facts);
  return recorded;
});
