import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { DispatchRecord } from '../../../core/dispatch-record.ts';
import type { Slot } from '../../../core/slot.ts';
import { createDispatchesTable, createPoolTable } from '../../lambdas/tables.ts';
import { type DynamoDbInTest, openDynamoDb } from '../../local/dynamodb/dynamodb-in-test.ts';
import { mended } from './mended.ts';
import { PoolWorld, type WorldDispatch } from './pool-world.ts';
import { pathOf } from './world-executions.ts';

/** What came of a dispatch. */
export interface Ended {
  readonly record: DispatchRecord;
  /** How often its agent began. */
  readonly begun: number;
  /** The states that its execution went through. */
  readonly path: readonly string[];
}

export interface PoolWorldInTest {
  readonly world: PoolWorld;
  /** The slot that is warm when the test begins. */
  readonly slot: Slot;
  /** The slot's worker gets no further. */
  kill(): void;
  /** Submits a dispatch, lets the test act, and waits until the dispatch has ended and everything is mended. */
  dispatch(act?: (dispatch: WorldDispatch) => void): Promise<Ended>;
}

export interface PoolWorldOptions {
  /** Milliseconds that the workers' clocks are ahead of all others. @default 0 */
  readonly skewMs?: number;
  /** Whether no manager has looked yet. @default false */
  readonly empty?: boolean;
}

/** Each test gets a world of its own, with one warm slot. */
export function usePoolWorld({ skewMs = 0, empty = false }: PoolWorldOptions = {}): PoolWorldInTest {
  let database: DynamoDbInTest;
  let world: PoolWorld;
  let slot: Slot | undefined;
  beforeAll(async () => {
    database = await openDynamoDb();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    const [dispatchesTable, poolTable] = await Promise.all([
      createDispatchesTable(database.client),
      createPoolTable(database.client),
    ]);
    world = new PoolWorld({ database: database.client, dispatchesTable, poolTable });
    world.skewMs = skewMs;
    slot = empty ? undefined : await world.fillPool();
  });
  afterEach(() => world.close());
  return {
    get world() {
      return world;
    },
    get slot() {
      return existing(slot);
    },
    kill: () => world.ecs.kill(world.taskOf(existing(slot))),
    dispatch: async (act = () => {}) => {
      const dispatch = await world.submit();
      act(dispatch);
      const record = await world.end(dispatch);
      await mended(world);
      return { record, begun: world.begun.get(dispatch.dispatchId) ?? 0, path: pathOf(dispatch.execution) };
    },
  };
}

function existing(slot: Slot | undefined): Slot {
  if (!slot) throw new Error('The pool is empty.');
  return slot;
}
