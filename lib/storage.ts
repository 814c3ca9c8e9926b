import { Aws, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, type TableProps } from 'aws-cdk-lib/aws-dynamodb';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { DISPATCH_INDEXES } from '../core/table-indexes.ts';
import type { OutpostSettings } from './settings.ts';

const ARTIFACT_DAYS = 90;
const CONTEXT_DAYS = 30;

/** What outlives a dispatch, files of workspaces aside: six tables and two buckets. */
export class Storage extends Construct {
  readonly dispatches: Table;
  /** Warm slots, the manager's lease, and the demand of late. */
  readonly pool: Table;
  readonly tenants: Table;
  readonly apiKeys: Table;
  readonly idempotency: Table;
  /** Who has which persistent workspace, and which user each tenant's agents are there. */
  readonly workspaces: Table;
  /** What agents leave behind, under `dispatches/<dispatchId>/<attempt>/`. */
  readonly artifacts: Bucket;
  /** What agents are given, under `dispatches/<dispatchId>/`. */
  readonly context: Bucket;

  private readonly settings: OutpostSettings;

  constructor(scope: Construct, id: string, settings: OutpostSettings) {
    super(scope, id);
    this.settings = settings;
    this.dispatches = this.dispatchesTable();
    this.pool = this.table('pool', 'agentType', {
      sortKey: { name: 'slotId', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
    });
    this.tenants = this.table('tenants', 'tenantId');
    this.apiKeys = this.table('api-keys', 'keyHash');
    // The layout is the idempotency utility's own (Powertools for AWS Lambda, DynamoDBPersistenceLayer).
    this.idempotency = this.table('idempotency', 'id', { timeToLiveAttribute: 'expiration' });
    this.workspaces = this.table('workspaces', 'userId', {
      sortKey: { name: 'workspaceId', type: AttributeType.STRING },
    });
    this.artifacts = this.bucket('artifacts', ARTIFACT_DAYS);
    this.context = this.bucket('context', CONTEXT_DAYS);
  }

  private dispatchesTable(): Table {
    const { byStatus, byTenant, byTask, byUnpublished } = DISPATCH_INDEXES;
    const table = this.table('dispatches', 'dispatchId', { timeToLiveAttribute: 'expiresAt' });
    for (const { indexName, partitionKey, sortKey } of [byStatus, byTenant]) {
      table.addGlobalSecondaryIndex({
        indexName,
        partitionKey: { name: partitionKey, type: AttributeType.STRING },
        sortKey: { name: sortKey, type: AttributeType.STRING },
        projectionType: ProjectionType.ALL,
      });
    }
    // Who comes by the ECS task reads the record itself next: an index may lag behind it.
    table.addGlobalSecondaryIndex({
      indexName: byTask.indexName,
      partitionKey: { name: byTask.partitionKey, type: AttributeType.STRING },
      projectionType: ProjectionType.KEYS_ONLY,
    });
    table.addGlobalSecondaryIndex({
      indexName: byUnpublished.indexName,
      partitionKey: { name: byUnpublished.partitionKey, type: AttributeType.STRING },
      sortKey: { name: byUnpublished.sortKey, type: AttributeType.STRING },
      projectionType: ProjectionType.KEYS_ONLY,
    });
    return table;
  }

  private table(name: string, partitionKey: string, more: Partial<TableProps> = {}): Table {
    const { prefix, removalPolicy } = this.settings;
    return new Table(this, name, {
      tableName: `${prefix}-${name}`,
      partitionKey: { name: partitionKey, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
      removalPolicy,
      ...more,
    });
  }

  private bucket(name: string, days: number): Bucket {
    const { prefix, removalPolicy } = this.settings;
    const bucket = new Bucket(this, name, {
      bucketName: `${prefix}-${name}-${Aws.ACCOUNT_ID}-${Aws.REGION}`,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ expiration: Duration.days(days), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy,
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Objects are reached through roles of this stack and presigned URLs that the API hands out and logs; an access log would need a third bucket that nobody reads.',
    });
    return bucket;
  }
}
