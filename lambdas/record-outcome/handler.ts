import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { z } from 'zod';
import { RecordOutcomeEvent } from '../../core/workflow.ts';
import { DispatchStore } from '../shared/dispatch-store.ts';
import { documentClient } from '../shared/document-client.ts';
import { readEnv } from '../shared/env.ts';
import { EventPublisher } from '../shared/event-publisher.ts';
import { instrument } from '../shared/instrument.ts';
import { outcomeMetrics } from '../shared/outcome-metrics.ts';
import { recordOutcome } from '../shared/record-outcome.ts';
import { TenantStore } from '../shared/tenant-store.ts';

const env = readEnv({ DISPATCHES_TABLE: z.string(), TENANTS_TABLE: z.string(), EVENT_BUS_NAME: z.string() });
const client = documentClient();
const collaborators = {
  dispatches: new DispatchStore(client, env.DISPATCHES_TABLE),
  tenants: new TenantStore(client, env.TENANTS_TABLE),
  events: new EventPublisher(new EventBridgeClient({}), env.EVENT_BUS_NAME),
  now: () => new Date(),
};

export const handler = instrument('record-outcome', async (event: unknown, { metrics }) => {
  const { outcome, ...ref } = RecordOutcomeEvent.parse(event);
  return recordOutcome({ ...collaborators, metrics: outcomeMetrics(metrics) }, ref, outcome, 'record-outcome');
});
