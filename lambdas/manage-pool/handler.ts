import { randomUUID } from 'node:crypto';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SFNClient } from '@aws-sdk/client-sfn';
import { ulid } from 'ulid';
import { z } from 'zod';
import { POOL_POLICIES, type PoolPolicyName } from '../../core/pool-policy.ts';
import { DispatchStore } from '../shared/dispatch-store.ts';
import { documentClient } from '../shared/document-client.ts';
import { EcsTasks } from '../shared/ecs-tasks.ts';
import { readEnv } from '../shared/env.ts';
import { instrument } from '../shared/instrument.ts';
import { AgentBounds, TaskDefinitions } from '../shared/pool-settings.ts';
import { PoolStore } from '../shared/pool-store.ts';
import { SlotExecutions } from '../shared/slot-executions.ts';
import { stepFunctionsCallback } from '../shared/task-callback.ts';
import { DemandCounters } from './demand-counters.ts';
import { managePool } from './manage-pool.ts';
import { ManagerLease } from './manager-lease.ts';
import { poolMetrics } from './pool-metrics.ts';
import { PoolTrigger } from './trigger.ts';
import { WaitingDispatches } from './waiting-dispatches.ts';

const env = readEnv({
  POOL_TABLE: z.string(),
  DISPATCHES_TABLE: z.string(),
  WARM_SLOT_STATE_MACHINE_ARN: z.string(),
  CLUSTER_ARN: z.string(),
  TASK_DEFINITIONS: TaskDefinitions,
  POOL_BOUNDS: AgentBounds,
  POOL_POLICY: z.enum(Object.keys(POOL_POLICIES) as [PoolPolicyName, ...PoolPolicyName[]]),
});
const client = documentClient();
const sfn = new SFNClient({});
const now = () => new Date();
const collaborators = {
  pool: new PoolStore(client, env.POOL_TABLE),
  dispatches: new DispatchStore(client, env.DISPATCHES_TABLE),
  waiting: new WaitingDispatches(client, env.DISPATCHES_TABLE),
  counters: new DemandCounters(client, env.POOL_TABLE),
  executions: new SlotExecutions(sfn, env.WARM_SLOT_STATE_MACHINE_ARN),
  callback: stepFunctionsCallback(sfn),
  tasks: new EcsTasks(new ECSClient({}), env.CLUSTER_ARN),
  taskDefinitions: env.TASK_DEFINITIONS,
  bounds: env.POOL_BOUNDS,
  policy: POOL_POLICIES[env.POOL_POLICY],
  openLease: () => new ManagerLease(client, env.POOL_TABLE, randomUUID(), now),
  newSlotId: (at: Date) => ulid(at.getTime()),
  now,
};

export const handler = instrument('manage-pool', async (event: unknown, { metrics }) =>
  managePool({ ...collaborators, metrics: poolMetrics(metrics) }, PoolTrigger.parse(event)),
);
