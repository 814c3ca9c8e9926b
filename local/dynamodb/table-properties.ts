import { z } from 'zod';
import type { TemplateResource } from '../aws-service.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';

const KeySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const Throughput = z.strictObject({ ReadCapacityUnits: z.coerce.number(), WriteCapacityUnits: z.coerce.number() });

const Projection = z.strictObject({
  ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
  NonKeyAttributes: z.array(z.string()).optional(),
});

const GlobalSecondaryIndex = z.strictObject({
  IndexName: z.string(),
  KeySchema,
  Projection,
  ProvisionedThroughput: Throughput.optional(),
});

/** What both resource types have in common. Backups, encryption and tags are accepted, and change nothing here. */
const common = {
  TableName: z.string().optional(),
  AttributeDefinitions: z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema,
  BillingMode: z.enum(['PROVISIONED', 'PAY_PER_REQUEST']).default('PROVISIONED'),
  GlobalSecondaryIndexes: z.array(GlobalSecondaryIndex).default([]),
  LocalSecondaryIndexes: z.array(z.strictObject({ IndexName: z.string(), KeySchema, Projection })).default([]),
  TimeToLiveSpecification: z
    .strictObject({ AttributeName: z.string().optional(), Enabled: z.union([z.boolean(), z.stringbool()]) })
    .optional(),
  SSESpecification: z.unknown().optional(),
};
const ofNoEffect = {
  PointInTimeRecoverySpecification: z.unknown().optional(),
  DeletionProtectionEnabled: z.unknown().optional(),
  ContributorInsightsSpecification: z.unknown().optional(),
  TableClass: z.unknown().optional(),
  Tags: z.unknown().optional(),
};

const Table = z.strictObject({ ...common, ...ofNoEffect, ProvisionedThroughput: Throughput.optional() });

const GlobalTable = z.strictObject({
  ...common,
  BillingMode: z.literal('PAY_PER_REQUEST'),
  Replicas: z
    .array(
      z.strictObject({
        ...ofNoEffect,
        Region: z.string(),
        SSESpecification: z.unknown().optional(),
        GlobalSecondaryIndexes: z
          .array(z.strictObject({ IndexName: z.string(), ContributorInsightsSpecification: z.unknown().optional() }))
          .optional(),
      }),
    )
    .length(1, 'the embedded DynamoDB holds one replica, in its own region'),
});

/** A table as `CreateTable` takes it, and the attribute that expires its items. */
export interface TableDefinition {
  readonly create: CreateTable;
  readonly timeToLiveAttribute?: string;
}

export interface CreateTable extends TableShape {
  readonly BillingMode: string;
  readonly ProvisionedThroughput?: z.infer<typeof Throughput>;
}

/** What can't change in a table that exists. */
export interface TableShape {
  readonly TableName: string;
  readonly AttributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: string }[];
  readonly KeySchema: z.infer<typeof KeySchema>;
  readonly GlobalSecondaryIndexes?: readonly Index[];
  readonly LocalSecondaryIndexes?: readonly Index[];
}

interface Index {
  readonly IndexName?: string;
  readonly KeySchema?: z.infer<typeof KeySchema>;
  readonly Projection?: { readonly ProjectionType?: string; readonly NonKeyAttributes?: readonly string[] | undefined };
}

/** Reads an `AWS::DynamoDB::Table`. Throws an error naming each property that isn't understood. */
export function tableOf(resource: TemplateResource): TableDefinition {
  return definitionOf(resource, parseProperties(Table, resource));
}

/** Reads an `AWS::DynamoDB::GlobalTable`, which is what CDK's `TableV2` makes. */
export function globalTableOf(resource: TemplateResource): TableDefinition {
  const properties = parseProperties(GlobalTable, resource);
  const known = new Set(properties.GlobalSecondaryIndexes.map(({ IndexName }) => IndexName));
  for (const { IndexName } of properties.Replicas[0]?.GlobalSecondaryIndexes ?? []) {
    if (!known.has(IndexName))
      throw new Error(`Replicas[0].GlobalSecondaryIndexes: the table has no index ${IndexName}`);
  }
  return definitionOf(resource, properties);
}

function definitionOf(
  resource: TemplateResource,
  properties: z.infer<typeof Table> | z.infer<typeof GlobalTable>,
): TableDefinition {
  refuseUnusedAttributes(properties);
  const ttl = properties.TimeToLiveSpecification;
  if (ttl?.Enabled && !ttl.AttributeName) throw new Error('TimeToLiveSpecification.AttributeName is missing');
  const { GlobalSecondaryIndexes, LocalSecondaryIndexes } = properties;
  return {
    create: {
      TableName: properties.TableName ?? generatedName(resource),
      AttributeDefinitions: properties.AttributeDefinitions,
      KeySchema: properties.KeySchema,
      BillingMode: properties.BillingMode,
      ...('ProvisionedThroughput' in properties && properties.ProvisionedThroughput
        ? { ProvisionedThroughput: properties.ProvisionedThroughput }
        : {}),
      ...(GlobalSecondaryIndexes.length > 0 ? { GlobalSecondaryIndexes } : {}),
      ...(LocalSecondaryIndexes.length > 0 ? { LocalSecondaryIndexes } : {}),
    },
    ...(ttl?.Enabled && ttl.AttributeName ? { timeToLiveAttribute: ttl.AttributeName } : {}),
  };
}

/** AWS refuses a table whose AttributeDefinitions name more than its keys. */
function refuseUnusedAttributes(properties: z.infer<typeof Table> | z.infer<typeof GlobalTable>): void {
  const indexes = [...properties.GlobalSecondaryIndexes, ...properties.LocalSecondaryIndexes];
  const keys = [properties, ...indexes].flatMap((holder) => holder.KeySchema.map((key) => key.AttributeName));
  const unused = properties.AttributeDefinitions.filter(({ AttributeName }) => !keys.includes(AttributeName));
  if (unused.length === 0) return;
  const names = unused.map(({ AttributeName }) => AttributeName).join(', ');
  throw new Error(`AttributeDefinitions: ${names} is not used as a key of the table or of an index`);
}

/** The parts of a table's description that can't change, in one order, for comparison and for people. */
export function describeShape(table: TableShape): string {
  const types = new Map(table.AttributeDefinitions.map((it) => [it.AttributeName, it.AttributeType]));
  const keys = (schema: z.infer<typeof KeySchema> = []) =>
    schema.map(({ AttributeName, KeyType }) => `${AttributeName} ${types.get(AttributeName)} ${KeyType}`).join(', ');
  const index = ({ IndexName, KeySchema: schema, Projection: projection }: Index) => {
    const attributes = [...(projection?.NonKeyAttributes ?? [])].sort().join(', ');
    return `${IndexName} (${keys(schema)}; ${projection?.ProjectionType} ${attributes})`.replace(' )', ')');
  };
  const indexes = [...(table.GlobalSecondaryIndexes ?? []), ...(table.LocalSecondaryIndexes ?? [])].map(index).sort();
  return [keys(table.KeySchema), ...indexes].join('; ');
}
