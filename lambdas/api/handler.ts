import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { handle, type LambdaEvent } from 'hono/aws-lambda';
import { ulid } from 'ulid';
import { z } from 'zod';
import { METRIC_NAMESPACE, METRIC_SERVICE } from '../../core/metrics.ts';
import { ApiKeyStore } from '../shared/api-key-store.ts';
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
import { SpecStore } from '../shared/spec-store.ts';
import { TenantStore } from '../shared/tenant-store.ts';
import { AgentLog } from './agent-log.ts';
import { createApp } from './app.ts';
import { dispatchIdReservation } from './dispatch-id-reservation.ts';

const env = readEnv({
  DISPATCHES_TABLE: z.string(),
  POOL_TABLE: z.string(),
  TENANTS_TABLE: z.string(),
  API_KEYS_TABLE: z.string(),
  IDEMPOTENCY_TABLE: z.string(),
  ARTIFACTS_BUCKET: z.string(),
  CONTEXT_BUCKET: z.string(),
  DISPATCH_STATE_MACHINE_ARN: z.string(),
  EVENT_BUS_NAME: z.string(),
  CLUSTER_ARN: z.string(),
  AGENT_LOG_GROUP: z.string(),
});
const logger = new Logger({ serviceName: 'api' });
const dynamoDb = new DynamoDBClient({});
const documents = documentClient(dynamoDb);
const s3 = new S3Client({});
const app = createApp({
  dispatches: new DispatchStore(documents, env.DISPATCHES_TABLE),
  pool: new PoolStore(documents, env.POOL_TABLE),
  tenants: new TenantStore(documents, env.TENANTS_TABLE),
  keys: new ApiKeyStore(documents, env.API_KEYS_TABLE),
  specs: new SpecStore(s3, env.CONTEXT_BUCKET),
  artifacts: new ArtifactStore(s3, env.ARTIFACTS_BUCKET),
  executions: new Executions(new SFNClient({}), env.DISPATCH_STATE_MACHINE_ARN),
  events: new EventPublisher(new EventBridgeClient({}), env.EVENT_BUS_NAME),
  tasks: new EcsTasks(new ECSClient({}), env.CLUSTER_ARN),
  agentLog: new AgentLog(new CloudWatchLogsClient({}), env.AGENT_LOG_GROUP),
  metrics: outcomeMetrics(new Metrics({ namespace: METRIC_NAMESPACE, serviceName: METRIC_SERVICE })),
  reserveId: dispatchIdReservation({ client: dynamoDb, tableName: env.IDEMPOTENCY_TABLE, newId: ulid }),
  newId: ulid,
  now: () => new Date(),
  report: (error, requestId) => logger.error('A request failed', { error, requestId }),
});
const answer = handle(app);

export const handler = instrument('api', async (event: LambdaEvent, { context }) => answer(event, context), logger);
