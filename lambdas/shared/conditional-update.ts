import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';

/** One condition of a conditional write: writes its expression, and notes the names and values that it mentions. */
export interface Condition {
  (mention: Mentions): string;
  /** Needs parentheses among others that must all hold. */
  readonly isChoice?: true;
}

export interface ConditionalUpdate {
  readonly key: Readonly<Record<string, string>>;
  /** All of them must hold of the item as it is. */
  readonly when: readonly Condition[];
  /** Attributes to set; `undefined` leaves one as it is. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Attributes to set where the item does not have them yet. */
  readonly setOnce?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
  /** What numbers grow by; one that is absent grows from 0. */
  readonly add?: Readonly<Record<string, number>>;
  /** Members to add to string sets. */
  readonly addToSet?: Readonly<Record<string, string>>;
  /** Members to take out of string sets. */
  readonly deleteFromSet?: Readonly<Record<string, string>>;
}

/** Updates an item where every condition holds. Returns `false` where one does not; any other failure is thrown. */
export async function updateIf(
  client: DynamoDBDocumentClient,
  tableName: string,
  update: ConditionalUpdate,
): Promise<boolean> {
  return (await updatedItemIf(client, tableName, update)) !== undefined;
}

/** As `updateIf`, but returns the item as it is after the update, or `undefined` where a condition does not hold. */
export async function updatedItemIf(
  client: DynamoDBDocumentClient,
  tableName: string,
  update: ConditionalUpdate,
): Promise<Record<string, unknown> | undefined> {
  const mention = new Mentions();
  const command = new UpdateCommand({
    TableName: tableName,
    Key: update.key,
    ConditionExpression: allOf(...update.when)(mention),
    UpdateExpression: updateExpression(update, mention),
    ExpressionAttributeNames: mention.names,
    ...(mention.hasValues ? { ExpressionAttributeValues: mention.values } : {}),
    ReturnValues: 'ALL_NEW',
  });
  try {
    return (await client.send(command)).Attributes ?? {};
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

/** Deletes an item where every condition holds. Returns `false` where one does not; any other failure is thrown. */
export async function deleteIf(
  client: DynamoDBDocumentClient,
  tableName: string,
  key: Readonly<Record<string, string>>,
  when: readonly Condition[],
): Promise<boolean> {
  const mention = new Mentions();
  const command = new DeleteCommand({
    TableName: tableName,
    Key: key,
    ConditionExpression: allOf(...when)(mention),
    ExpressionAttributeNames: mention.names,
    ...(mention.hasValues ? { ExpressionAttributeValues: mention.values } : {}),
  });
  try {
    await client.send(command);
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

export function is(attribute: string, value: unknown): Condition {
  return (mention) => `${mention.name(attribute)} = ${mention.value(value)}`;
}

/** Of numbers by their size, of strings by their UTF-8. */
export function isAtLeast(attribute: string, value: string | number): Condition {
  return (mention) => `${mention.name(attribute)} >= ${mention.value(value)}`;
}

/** As `isAtLeast`. It does not hold where the attribute is absent. */
export function isLessThan(attribute: string, value: string | number): Condition {
  return (mention) => `${mention.name(attribute)} < ${mention.value(value)}`;
}

/** No value at all is a condition that never holds. */
export function isOneOf(attribute: string, values: readonly unknown[]): Condition {
  if (values.length === 0) return (mention) => allOf(exists(attribute), isAbsent(attribute))(mention);
  return (mention) => `${mention.name(attribute)} IN (${values.map((value) => mention.value(value)).join(', ')})`;
}

export function exists(attribute: string): Condition {
  return (mention) => `attribute_exists(${mention.name(attribute)})`;
}

export function isAbsent(attribute: string): Condition {
  return (mention) => `attribute_not_exists(${mention.name(attribute)})`;
}

export function hasMember(set: string, member: string): Condition {
  return (mention) => `contains(${mention.name(set)}, ${mention.value(member)})`;
}

export function lacksMember(set: string, member: string): Condition {
  return anyOf(isAbsent(set), (mention) => `NOT ${hasMember(set, member)(mention)}`);
}

/** DynamoDB has no empty sets: one without members is absent. */
export function hasFewerThan(set: string, size: number): Condition {
  if (size < 1) return isOneOf(set, []);
  return anyOf(isAbsent(set), (mention) => `size(${mention.name(set)}) < ${mention.value(size)}`);
}

export function anyOf(...conditions: readonly Condition[]): Condition {
  const choice = (mention: Mentions) => conditions.map((condition) => condition(mention)).join(' OR ');
  return Object.assign(choice, { isChoice: true } as const);
}

/** `AND` binds tighter than `OR`. Parentheses stand only where they matter: nested ones take dynalite a tenth of a second. */
export function allOf(...conditions: readonly Condition[]): Condition {
  return (mention) =>
    conditions.map((condition) => (condition.isChoice ? `(${condition(mention)})` : condition(mention))).join(' AND ');
}

function updateExpression(update: ConditionalUpdate, mention: Mentions): string {
  const sets = [
    ...assignments(update.set, (name, value) => `${name} = ${value}`, mention),
    ...assignments(update.setOnce, (name, value) => `${name} = if_not_exists(${name}, ${value})`, mention),
  ];
  const clauses: [string, string[]][] = [
    ['SET', sets],
    ['REMOVE', (update.remove ?? []).map((attribute) => mention.name(attribute))],
    ['ADD', assignments({ ...asSets(update.addToSet), ...update.add }, (name, value) => `${name} ${value}`, mention)],
    ['DELETE', assignments(asSets(update.deleteFromSet), (name, value) => `${name} ${value}`, mention)],
  ];
  return clauses.flatMap(([verb, parts]) => (parts.length > 0 ? [`${verb} ${parts.join(', ')}`] : [])).join(' ');
}

function assignments(
  attributes: Readonly<Record<string, unknown>> | undefined,
  write: (name: string, value: string) => string,
  mention: Mentions,
): string[] {
  return Object.entries(attributes ?? {}).flatMap(([attribute, value]) =>
    value === undefined ? [] : [write(mention.name(attribute), mention.value(value))],
  );
}

function asSets(members: Readonly<Record<string, string>> | undefined): Record<string, Set<string>> {
  return Object.fromEntries(Object.entries(members ?? {}).map(([attribute, member]) => [attribute, new Set([member])]));
}

/** Placeholders for attribute names and values: DynamoDB reserves some 570 words, `status` among them. */
class Mentions {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, unknown> = {};

  get hasValues(): boolean {
    return Object.keys(this.values).length > 0;
  }

  name(attribute: string): string {
    const placeholder = `#${attribute.replace(/\W/g, '_')}`;
    this.names[placeholder] = attribute;
    return placeholder;
  }

  value(value: unknown): string {
    const placeholder = `:v${Object.keys(this.values).length}`;
    this.values[placeholder] = value;
    return placeholder;
  }
}
