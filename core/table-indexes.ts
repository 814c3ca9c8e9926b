/** Global secondary indexes of the dispatches table, by the attributes they are keyed by. */
export const DISPATCH_INDEXES = {
  byStatus: { indexName: 'status-createdAt-index', partitionKey: 'status', sortKey: 'createdAt' },
  byTenant: { indexName: 'tenant-createdAt-index', partitionKey: 'tenantId', sortKey: 'createdAt' },
  byTask: { indexName: 'task_arn-index', partitionKey: 'taskArn' },
} as const;
