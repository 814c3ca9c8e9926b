import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { z } from 'zod';
import { ClaimSlotEvent } from '../../core/workflow.ts';
import { documentClient } from '../shared/document-client.ts';
import { readEnv } from '../shared/env.ts';
import { EventPublisher } from '../shared/event-publisher.ts';
import { instrument } from '../shared/instrument.ts';
import { AgentBounds, TaskDefinitions } from '../shared/pool-settings.ts';
import { PoolStore } from '../shared/pool-store.ts';
import { claimSlot } from './claim-slot.ts';

const env = readEnv({
  POOL_TABLE: z.string(),
  EVENT_BUS_NAME: z.string(),
  TASK_DEFINITIONS: TaskDefinitions,
  POOL_BOUNDS: AgentBounds,
});
const collaborators = {
  pool: new PoolStore(documentClient(), env.POOL_TABLE),
  events: new EventPublisher(new EventBridgeClient({}), env.EVENT_BUS_NAME),
  taskDefinitions: env.TASK_DEFINITIONS,
  bounds: env.POOL_BOUNDS,
  now: () => new Date(),
};

export const handler = instrument('claim-slot', async (event: unknown, { logger }) => {
  const report = (error: unknown) =>
    logger.warn('The event of a claim or miss is not out: the pool is refilled a minute later', { error });
  return claimSlot({ ...collaborators, report }, ClaimSlotEvent.parse(event));
});
