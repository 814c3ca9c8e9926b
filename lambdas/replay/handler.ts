import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { z } from 'zod';
import { METRICS } from '../../core/metrics.ts';
import { DispatchStore } from '../shared/dispatch-store.ts';
import { documentClient } from '../shared/document-client.ts';
import { readEnv } from '../shared/env.ts';
import { EventPublisher } from '../shared/event-publisher.ts';
import { Executions } from '../shared/executions.ts';
import { instrument } from '../shared/instrument.ts';
import { outcomeMetrics } from '../shared/outcome-metrics.ts';
import { SpecStore } from '../shared/spec-store.ts';
import { TenantStore } from '../shared/tenant-store.ts';
import { type ReplayCounts, replay } from './replay.ts';
import { ReplayEvent, replayOf } from './replay-event.ts';

const env = readEnv({
  DISPATCHES_TABLE: z.string(),
  TENANTS_TABLE: z.string(),
  CONTEXT_BUCKET: z.string(),
  EVENT_BUS_NAME: z.string(),
  DISPATCH_STATE_MACHINE_ARN: z.string(),
});
const client = documentClient();
const collaborators = {
  dispatches: new DispatchStore(client, env.DISPATCHES_TABLE),
  tenants: new TenantStore(client, env.TENANTS_TABLE),
  specs: new SpecStore(new S3Client({}), env.CONTEXT_BUCKET),
  executions: new Executions(new SFNClient({}), env.DISPATCH_STATE_MACHINE_ARN),
  events: new EventPublisher(new EventBridgeClient({}), env.EVENT_BUS_NAME),
  now: () => new Date(),
};

export const handler = instrument('replay', async (event: unknown, { logger, metrics }) => {
  const asked = replayOf(ReplayEvent.parse(event));
  const counts: ReplayCounts = {
    answered: (answer) => {
      const count = metrics.singleMetric();
      count.addDimension('answer', answer);
      count.addMetric(METRICS.dispatchReplayed, MetricUnit.Count, 1);
    },
  };
  const { answer } = await replay({ ...collaborators, metrics: outcomeMetrics(metrics), counts }, asked);
  logger.info('Asked to replay an attempt', { ...asked, answer });
  return { answer };
});
