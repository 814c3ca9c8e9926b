import type { z } from 'zod';

/** One page of a list; `next` asks for the page after it, and is absent at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: PageKey | undefined;
}

/** A page whose items were read one by one: those that could not be are told apart, and hide none of the others. */
export interface ReadPage<T> extends Page<T> {
  readonly faults: readonly UnreadableItemError[];
}

/** DynamoDB's own key of the item that a page ended with: numbers and strings. */
export type PageKey = Readonly<Record<string, unknown>>;

/** An item is not what it should be. */
export class UnreadableItemError extends Error {
  override readonly name = 'UnreadableItemError';

  constructor(key: unknown, cause: Error) {
    super(`The item ${JSON.stringify(key)} cannot be read: ${cause.message}`, { cause });
  }
}

/** @param keyAttribute what an item that cannot be read is called by */
export function readPage<T>(
  { items, next }: Page<Record<string, unknown>>,
  schema: z.ZodType<T>,
  keyAttribute: string,
): ReadPage<T> {
  const read = items.map((item) => ({ key: item[keyAttribute], parsed: schema.safeParse(item) }));
  return {
    items: read.flatMap(({ parsed }) => (parsed.success ? [parsed.data] : [])),
    faults: read.flatMap(({ key, parsed }) => (parsed.error ? [new UnreadableItemError(key, parsed.error)] : [])),
    next,
  };
}
