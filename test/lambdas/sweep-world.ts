import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import type { DispatchEnded, DispatchRequested } from '../../core/events.ts';
import { type AttemptRef, attemptName } from '../../core/ids.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import type { DescribedTask } from '../../lambdas/shared/ecs-tasks.ts';
import type { ExecutionState } from '../../lambdas/shared/execution-state.ts';
import { TenantStore } from '../../lambdas/shared/tenant-store.ts';
import { type SweepCollaborators, type Swept, sweep } from '../../lambdas/sweep/sweep.ts';
import { SWEEP_KEY, SweepMemory } from '../../lambdas/sweep/sweep-memory.ts';
import type { Repairs } from '../../lambdas/sweep/sweep-run.ts';
import { aRecord, NOW } from './records.ts';
import { createDispatchesTable, createPoolTable, createTable } from './tables.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
/** Items that one BatchWriteItem takes. */
const BATCH = 25;
export const NONE: Repairs = { started: 0, stopped: 0, settled: 0, published: 0, freed: 0 };

/** So long before the world's clock. */
export const ago = (milliseconds: number) => new Date(Date.parse(NOW) - milliseconds).toISOString();

/** The stores in tables of their own, with a Step Functions and an ECS of its own and a clock that stands still. */
export async function aSweepWorld(client: DynamoDBClient) {
  const documents = documentClient(client);
  const [dispatchesTable, poolTable, tenantsTable] = await Promise.all([
    createDispatchesTable(client),
    createPoolTable(client),
    createTable(client, 'tenantId'),
  ]);
  const dispatches = new DispatchStore(documents, dispatchesTable);
  const tenants = new TenantStore(documents, tenantsTable);
  const clock = { ms: Date.parse(NOW) };
  const now = () => new Date(clock.ms);
  const executions = simulatedExecutions();
  const tasks = new Map<string, DescribedTask>();
  const requested: DispatchRequested[] = [];
  const ended: DispatchEnded[] = [];
  const stopped: { taskArn: string; why: string }[] = [];
  const settles: { name: string; why: string }[] = [];
  const repairs: Repairs[] = [];
  const collaborators: SweepCollaborators = {
    dispatches,
    tenants,
    executions,
    memory: new SweepMemory(documents, poolTable),
    tasks: {
      describe: async (taskArn) => tasks.get(taskArn),
      stop: async (taskArn, why) => void stopped.push({ taskArn, why }),
    },
    events: {
      requested: async (event) => void requested.push(event),
      ended: async (event) => void ended.push(event),
    },
    settler: { request: async (ref, why) => void settles.push({ name: attemptName(ref), why }) },
    metrics: { repaired: (counts) => void repairs.push(counts), ended: () => {}, settled: () => {} },
    now,
  };
  return {
    documents,
    dispatchesTable,
    dispatches,
    tenants,
    clock,
    now,
    executions,
    /** What ECS knows, by ARN. */
    tasks,
    requested,
    ended,
    /** Every StopTask. */
    stopped,
    settles,
    /** What each run told the metrics. */
    repairs,
    collaborators,
    sweep: (changes: Partial<SweepCollaborators> = {}): Promise<Swept> => sweep({ ...collaborators, ...changes }),
    /** A record that was posted, and last changed, ten minutes ago. */
    given: async (fields: Partial<DispatchRecord> = {}) => {
      const at = ago(10 * MINUTE);
      const record = aRecord({ dispatchId: ulid(), createdAt: at, updatedAt: at, ...fields });
      await dispatches.create(record);
      return record;
    },
    /** As many records at once. */
    givenMany: async (count: number, fields: Partial<DispatchRecord> = {}) => {
      const at = ago(10 * MINUTE);
      const records = Array.from({ length: count }, () =>
        aRecord({ dispatchId: ulid(), createdAt: at, updatedAt: at, ...fields }),
      );
      for (let from = 0; from < count; from += BATCH) {
        const puts = records.slice(from, from + BATCH).map((Item) => ({ PutRequest: { Item } }));
        await documents.send(new BatchWriteCommand({ RequestItems: { [dispatchesTable]: puts } }));
      }
      return records;
    },
    givenTenant: async (tenantId: string, places: readonly string[]) => {
      await documents.send(
        new PutCommand({
          TableName: tenantsTable,
          Item: { tenantId, status: 'ACTIVE', maxConcurrent: 1_000, createdAt: NOW, livingAttempts: placesOf(places) },
        }),
      );
    },
    places: async (tenantId: string) =>
      (await tenants.placesPage(100)).items.find((tenant) => tenant.tenantId === tenantId)?.livingAttempts,
    memory: async () =>
      (await documents.send(new GetCommand({ TableName: poolTable, Key: SWEEP_KEY, ConsistentRead: true }))).Item,
  };
}
export type SweepWorld = Awaited<ReturnType<typeof aSweepWorld>>;

/** DynamoDB has no empty sets. */
function placesOf(places: readonly string[]): Set<string> | undefined {
  return places.length > 0 ? new Set(places) : undefined;
}

/** One that ended so, long ago unless it says when. */
export const closed = (endedAs: string, closedAt?: Date): ExecutionState => ({
  status: 'closed',
  endedAs,
  error: `Execution.${endedAs}`,
  cause: '',
  ...(closedAt ? { closedAt } : {}),
});

function simulatedExecutions() {
  const states = new Map<string, ExecutionState>();
  const starts: string[] = [];
  const described: string[] = [];
  return {
    states,
    /** Every StartExecution, those of executions that were there among them. */
    starts,
    described,
    set: (ref: AttemptRef, state: ExecutionState) => void states.set(attemptName(ref), state),
    start: async (ref: AttemptRef) => {
      starts.push(attemptName(ref));
      if (!states.has(attemptName(ref))) states.set(attemptName(ref), { status: 'running' });
    },
    describe: async (ref: AttemptRef): Promise<ExecutionState> => {
      described.push(attemptName(ref));
      return states.get(attemptName(ref)) ?? { status: 'absent' };
    },
    running: async () => new Set([...states].flatMap(([name, { status }]) => (status === 'running' ? [name] : []))),
  };
}
