import { DescribeTableCommand, DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { HeadObjectCommand, NotFound, S3Client } from '@aws-sdk/client-s3';
import { type DynamoDBDocumentClient, GetCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import type { AgentName } from '../../core/agents.ts';
import { specKey } from '../../core/artifact-keys.ts';
import { DispatchRecord } from '../../core/dispatch-record.ts';
import type { TerminalStatus } from '../../core/dispatch-status.ts';
import { DISPATCH_INDEXES } from '../../core/table-indexes.ts';
import { Tenant } from '../../core/tenant.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { EventPublisher } from '../../lambdas/shared/event-publisher.ts';
import { ExplainedError } from '../../local/cli/command-line.ts';
import type { AwsTarget } from '../aws-target.ts';

/** Which dispatches are looked for, by how their latest attempt ended and by when they were posted (ISO 8601). */
export interface EndedQuery {
  readonly statuses: readonly TerminalStatus[];
  readonly since: string;
  readonly until: string;
  readonly agent?: AgentName | undefined;
  readonly tenantId?: string | undefined;
}

/** A tenant as it is now. */
export interface TenantState {
  readonly status: Tenant['status'];
  readonly maxConcurrent: number;
  /** Its attempts that live. */
  readonly living: number;
}

/** What replaying many dispatches needs of a deployment. */
export interface Deployment {
  ended(query: EndedQuery): AsyncIterable<DispatchRecord>;
  get(dispatchId: string): Promise<DispatchRecord | undefined>;
  /** Whether what the dispatch was to do is still kept. */
  hasSpec(dispatchId: string): Promise<boolean>;
  tenant(tenantId: string): Promise<TenantState | undefined>;
  replayRequested: EventPublisher['replayRequested'];
}

/** The deployment of a prefix. @throws ExplainedError where there is none */
export async function openDeployment(target: AwsTarget, prefix: string): Promise<Deployment> {
  const dynamoDb = new DynamoDBClient(target);
  const documents = documentClient(dynamoDb);
  const table = `${prefix}-dispatches`;
  const { accountId, region } = await whereabouts(dynamoDb, table);
  const dispatches = new DispatchStore(documents, table);
  const s3 = new S3Client(target);
  const events = new EventPublisher(new EventBridgeClient(target), prefix);
  return {
    ended: (query) => endedDispatches(documents, table, query),
    get: (dispatchId) => dispatches.get(dispatchId),
    hasSpec: (dispatchId) => isThere(s3, `${prefix}-context-${accountId}-${region}`, specKey(dispatchId)),
    tenant: (tenantId) => tenantState(documents, `${prefix}-tenants`, tenantId),
    replayRequested: (event) => events.replayRequested(event),
  };
}

/** Account and region, which the table's ARN tells to whoever may read the table. */
async function whereabouts(client: DynamoDBClient, TableName: string): Promise<{ accountId: string; region: string }> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const [, , , region = '', accountId = ''] = Table?.TableArn?.split(':') ?? [];
    return { accountId, region };
  } catch (cause) {
    if (!(cause instanceof ResourceNotFoundException)) throw cause;
    throw new ExplainedError(`there is no table ${TableName} here: name the deployment with --prefix`, { cause });
  }
}

async function* endedDispatches(
  client: DynamoDBDocumentClient,
  TableName: string,
  { statuses, since, until, agent, tenantId }: EndedQuery,
): AsyncGenerator<DispatchRecord> {
  const { indexName, partitionKey, sortKey } = DISPATCH_INDEXES.byStatus;
  for (const status of statuses) {
    const pages = paginateQuery(
      { client },
      {
        TableName,
        IndexName: indexName,
        KeyConditionExpression: '#status = :status AND #createdAt BETWEEN :since AND :until',
        ExpressionAttributeNames: { '#status': partitionKey, '#createdAt': sortKey },
        ExpressionAttributeValues: { ':status': status, ':since': since, ':until': until },
      },
    );
    for await (const { Items = [] } of pages) {
      for (const record of Items.map((item) => DispatchRecord.parse(item))) {
        if ((agent ?? record.agent) === record.agent && (tenantId ?? record.tenantId) === record.tenantId) yield record;
      }
    }
  }
}

async function isThere(s3: S3Client, Bucket: string, Key: string): Promise<boolean> {
  try {
    await s3.send(new HeadObjectCommand({ Bucket, Key }));
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}

async function tenantState(
  client: DynamoDBDocumentClient,
  TableName: string,
  tenantId: string,
): Promise<TenantState | undefined> {
  const { Item } = await client.send(new GetCommand({ TableName, Key: { tenantId }, ConsistentRead: true }));
  if (!Item) return undefined;
  const { status, maxConcurrent } = Tenant.parse(Item);
  const places: unknown = Item['livingAttempts'];
  return { status, maxConcurrent, living: places instanceof Set ? places.size : 0 };
}
