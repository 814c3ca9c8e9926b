/** Global secondary indexes of the dispatches table, by the attributes they are keyed by. */
export const DISPATCH_INDEXES = {
  byStatus: { indexName: 'status-createdAt-index', partitionKey: 'status', sortKey: 'createdAt' },
  byTenant: { indexName: 'tenant-createdAt-index', partitionKey: 'tenantId', sortKey: 'createdAt' },
  byTask: { indexName: 'task_arn-index', partitionKey: 'taskArn' },
  /** Sparse: ended, and `Dispatch Ended` not out. */
  byUnpublished: { indexName: 'unpublished-endedAt-index', partitionKey: 'unpublished', sortKey: 'endedAt' },
} as const;
