import { createHash } from 'node:crypto';
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  paginateScan,
  ResourceInUseException,
  UpdateItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { EmbeddedProcess, KillableAws } from '../killable-aws.ts';
import { isAcknowledged, type Load } from './load.ts';

type Item = Record<string, AttributeValue>;
type Names = Set<string>;

const TableName = 'chaos';
const INDEX = 'status-index';
const PUTTERS = 4;
const COUNTERS = 3;
/** Clients that contend for each counter. */
const WRITERS = 2;

/**
 * Puts of new items, and counters that several clients raise by conditional updates. A counter keeps the name of each
 * update beside the count: a lost one is missing, one done twice makes the count the greater, and half an update leaves
 * the index behind the item.
 */
export class ItemLoad implements Load {
  private readonly puts: Names = new Set();
  private readonly counters = new Map<string, { readonly acknowledged: Names; readonly tried: Names }>();
  private readonly triedPuts: Names = new Set();

  async run(aws: KillableAws, round: number): Promise<Record<string, number>> {
    await createTable(aws);
    const putting = Array.from({ length: PUTTERS }, (_, n) => this.put(aws, `put-${round}-${n}`));
    const counting = Array.from({ length: COUNTERS * WRITERS }, (_, n) =>
      this.count(aws, `counter-${round}-${n % COUNTERS}`, `${n}`),
    );
    const [puts, updates] = await Promise.all([Promise.all(putting), Promise.all(counting)]);
    return { puts: sum(puts), updates: sum(updates) };
  }

  private async put(aws: KillableAws, prefix: string): Promise<number> {
    const client = clientOf(aws);
    for (let done = 0; ; done += 1) {
      const id = `${prefix}-${done}`;
      this.triedPuts.add(id);
      if (!(await isAcknowledged(aws, client.send(new PutItemCommand({ TableName, Item: itemOf(id) }))))) return done;
      this.puts.add(id);
    }
  }

  private async count(aws: KillableAws, id: string, writer: string): Promise<number> {
    const client = clientOf(aws);
    const counter = this.counters.get(id) ?? { acknowledged: new Set(), tried: new Set() };
    this.counters.set(id, counter);
    for (let done = 0; ; done += 1) {
      const update = `${writer}-${done}`;
      counter.tried.add(update);
      if (!(await isAcknowledged(aws, client.send(raise(id, update))))) return done;
      counter.acknowledged.add(update);
    }
  }

  async faults(aws: EmbeddedProcess): Promise<string[]> {
    const client = clientOf(aws);
    const [items, indexed] = [await read(client), await read(client, INDEX)];
    client.destroy();
    return [...this.putFaults(items), ...this.counterFaults(items), ...indexFaults(items, indexed)];
  }

  private *putFaults(items: ReadonlyMap<string, Item>): Generator<string> {
    for (const id of this.puts) if (!items.has(id)) yield `lost: the put of ${id}`;
    for (const [id, item] of items) {
      if (this.counters.has(id)) continue;
      if (!this.triedPuts.has(id)) yield `made up: the item ${id}`;
      else if (canonical(item) !== canonical(itemOf(id))) yield `garbled: the item ${id}`;
    }
  }

  private *counterFaults(items: ReadonlyMap<string, Item>): Generator<string> {
    for (const [id, { acknowledged, tried }] of this.counters) {
      const held = new Set(items.get(id)?.['updates']?.SS ?? []);
      const count = Number(items.get(id)?.['count']?.N ?? 0);
      for (const update of acknowledged) if (!held.has(update)) yield `lost: the update ${update} of ${id}`;
      for (const update of held) if (!tried.has(update)) yield `made up: the update ${update} of ${id}`;
      if (count !== held.size) yield `miscounted: ${id} counts ${count} for ${held.size} updates`;
    }
  }
}

function* indexFaults(items: ReadonlyMap<string, Item>, indexed: ReadonlyMap<string, Item>): Generator<string> {
  for (const [id, item] of items) {
    if (canonical(indexed.get(id) ?? {}) !== canonical(item)) yield `out of step: the index has ${id} otherwise`;
  }
  for (const id of indexed.keys()) if (!items.has(id)) yield `out of step: the index alone has ${id}`;
}

function raise(id: string, update: string): UpdateItemCommand {
  return new UpdateItemCommand({
    TableName,
    Key: { id: { S: id } },
    UpdateExpression: 'SET #count = if_not_exists(#count, :zero) + :one, #status = :status ADD updates :updates',
    ConditionExpression: 'NOT contains(updates, :update)',
    ExpressionAttributeNames: { '#count': 'count', '#status': 'status' },
    ExpressionAttributeValues: {
      ':zero': { N: '0' },
      ':one': { N: '1' },
      ':status': { S: `after ${update}` },
      ':update': { S: update },
      ':updates': { SS: [update] },
    },
  });
}

function itemOf(id: string): Item {
  const hash = createHash('sha256').update(id).digest('hex');
  return { id: { S: id }, status: { S: `put ${hash[0]}` }, text: { S: hash.repeat(1 + (hash.charCodeAt(1) % 40)) } };
}

/** Members of a set come in no order; each counts as one. */
function canonical(item: Item): string {
  const entries = Object.entries(item).map(([name, value]) => [name, value.SS ? value.SS.toSorted() : value]);
  return JSON.stringify(entries.toSorted(([one], [other]) => String(one).localeCompare(String(other))));
}

async function read(client: DynamoDBClient, index?: string): Promise<Map<string, Item>> {
  const items = new Map<string, Item>();
  const from = { TableName, ...(index === undefined ? { ConsistentRead: true } : { IndexName: index }) };
  for await (const { Items = [] } of paginateScan({ client }, from)) {
    for (const item of Items) items.set(item['id']?.S ?? '', item);
  }
  return items;
}

async function createTable(aws: EmbeddedProcess): Promise<void> {
  const client = clientOf(aws);
  const key = (AttributeName: string) => [{ AttributeName, KeyType: 'HASH' as const }];
  try {
    await client.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: ['id', 'status'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: key('id'),
        GlobalSecondaryIndexes: [{ IndexName: INDEX, KeySchema: key('status'), Projection: { ProjectionType: 'ALL' } }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 1 }, { TableName });
  client.destroy();
}

/** One attempt for each request: an answer that is lost stays in doubt. */
function clientOf({ operator }: EmbeddedProcess): DynamoDBClient {
  return new DynamoDBClient({ ...operator, maxAttempts: 1 });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
