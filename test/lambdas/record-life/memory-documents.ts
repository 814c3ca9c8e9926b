import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { holds, type MemoryItem, type Placeholders, updated } from './memory-expressions.ts';

/** The keys of a table or of an index: partition key, and sort key where there is one. */
export type MemoryKeys = readonly string[];

export interface MemoryTable {
  readonly keys: MemoryKeys;
  readonly indexes?: Readonly<Record<string, MemoryKeys>>;
}

interface Request {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly Key?: MemoryItem;
  readonly Item?: MemoryItem;
  readonly ConditionExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
  readonly ExclusiveStartKey?: MemoryItem;
  readonly Limit?: number;
  readonly ScanIndexForward?: boolean;
}

/**
 * As much of DynamoDB in memory as the life of a record asks for, a hundred times as fast as a real one: many lives can
 * be lived in little time. What it holds to be DynamoDB's behaviour, the same lives on a real one hold against it.
 */
export function memoryDocuments(tables: Readonly<Record<string, MemoryTable>>): DynamoDBDocumentClient {
  const stores = new Map(Object.entries(tables).map(([name, table]) => [name, new MemoryStore(table)]));
  const send = async (command: { readonly input: Request }) => {
    const store = stores.get(command.input.TableName ?? '');
    if (!store) throw new Error(`There is no table ${command.input.TableName}.`);
    return structuredClone(store.answer(command.constructor.name, structuredClone(command.input)));
  };
  return Object.assign(Object.create(DynamoDBDocumentClient.prototype) as DynamoDBDocumentClient, { send });
}

class MemoryStore {
  readonly #items = new Map<string, MemoryItem>();

  constructor(readonly table: MemoryTable) {}

  answer(command: string, request: Request): object {
    switch (command) {
      case 'GetCommand':
        return { Item: this.#items.get(this.#keyOf(request.Key)) };
      case 'PutCommand':
        return this.#write(request, request.Item, (_, item) => item);
      case 'UpdateCommand':
        return this.#write(request, request.Key, (before, key) =>
          updated(request.UpdateExpression ?? '', placeholdersOf(request), before ?? key),
        );
      case 'DeleteCommand':
        this.#items.delete(this.#keyOf(request.Key));
        return {};
      case 'QueryCommand':
      case 'ScanCommand':
        return this.#page(request);
      default:
        throw new Error(`Here is no ${command}.`);
    }
  }

  #write(
    request: Request,
    key: MemoryItem = {},
    write: (before: MemoryItem | undefined, key: MemoryItem) => MemoryItem,
  ): object {
    const before = this.#items.get(this.#keyOf(key));
    const { ConditionExpression: condition } = request;
    if (condition !== undefined && !holds(condition, placeholdersOf(request), before)) {
      throw new ConditionalCheckFailedException({ message: 'The conditional request failed', $metadata: {} });
    }
    const after = write(before, key);
    this.#items.set(this.#keyOf(key), after);
    return { Attributes: after };
  }

  #page({
    IndexName,
    KeyConditionExpression,
    ExclusiveStartKey,
    Limit,
    ScanIndexForward,
    ...request
  }: Request): object {
    const keys = (IndexName === undefined ? this.table.keys : this.table.indexes?.[IndexName]) ?? [];
    const placeholders = placeholdersOf(request);
    const found = [...this.#items.values()]
      .filter((item) => keys.every((key) => item[key] !== undefined))
      .filter((item) => KeyConditionExpression === undefined || holds(KeyConditionExpression, placeholders, item))
      .sort((one, other) => (this.#place(keys, one) < this.#place(keys, other) ? -1 : 1));
    if (ScanIndexForward === false) found.reverse();
    const from = ExclusiveStartKey
      ? found.findIndex((item) => this.#keyOf(item) === this.#keyOf(ExclusiveStartKey)) + 1
      : 0;
    const Items = found.slice(from, from + (Limit ?? found.length));
    const last = Items.at(-1);
    const isCut = last !== undefined && from + Items.length < found.length;
    return { Items, ...(isCut ? { LastEvaluatedKey: pick(last, [...keys, ...this.table.keys]) } : {}) };
  }

  #place(keys: MemoryKeys, item: MemoryItem): string {
    return JSON.stringify([...keys.map((key) => item[key]), this.#keyOf(item)]);
  }

  #keyOf(item: MemoryItem = {}): string {
    return JSON.stringify(this.table.keys.map((key) => item[key]));
  }
}

function pick(item: MemoryItem, names: readonly string[]): MemoryItem {
  return Object.fromEntries(names.map((name) => [name, item[name]]));
}

function placeholdersOf({ ExpressionAttributeNames = {}, ExpressionAttributeValues = {} }: Request): Placeholders {
  return { names: ExpressionAttributeNames, values: ExpressionAttributeValues };
}
