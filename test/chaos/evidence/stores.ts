import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeTasksCommand, ECSClient, paginateListTasks } from '@aws-sdk/client-ecs';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { paginateScan } from '@aws-sdk/lib-dynamodb';
import { DispatchRecord } from '../../../core/dispatch-record.ts';
import { Slot } from '../../../core/slot.ts';
import { documentClient } from '../../../lambdas/shared/document-client.ts';
import type { EmbeddedProcess } from '../killable-aws.ts';

const PREFIX = 'outpost';

/** What the stores hold at one moment, read without any code of the product's own. */
export interface Stores {
  readonly records: readonly DispatchRecord[];
  readonly tenants: readonly TenantPlaces[];
  /** Tombstones among them. */
  readonly slots: readonly Slot[];
  /** ECS tasks that have not stopped. */
  readonly tasks: readonly LivingTask[];
  /** Executions that run, `<state machine>:<name>`. */
  readonly executions: readonly string[];
}

export interface TenantPlaces {
  readonly tenantId: string;
  readonly livingAttempts: readonly string[];
}

export interface LivingTask {
  readonly taskArn: string;
  readonly status: string;
  /** The slot or dispatch that it was started for. */
  readonly startedFor: string;
}

export async function readStores(aws: EmbeddedProcess): Promise<Stores> {
  const [records, tenants, slots, tasks, executions] = await Promise.all([
    scan(aws, 'dispatches'),
    scan(aws, 'tenants'),
    scan(aws, 'pool'),
    livingTasks(aws),
    runningExecutions(aws),
  ]);
  return {
    records: records.map((item) => DispatchRecord.parse(item)),
    tenants: tenants.map(({ tenantId, livingAttempts = [] }) => ({
      tenantId: String(tenantId),
      livingAttempts: [...(livingAttempts as Iterable<string>)],
    })),
    // The manager's own items and counters lie in the same table.
    slots: slots.flatMap((item) => Slot.safeParse(item).data ?? []),
    tasks,
    executions,
  };
}

async function scan({ operator }: EmbeddedProcess, table: string): Promise<Record<string, unknown>[]> {
  const client = documentClient(new DynamoDBClient(operator));
  const items: Record<string, unknown>[] = [];
  const pages = paginateScan({ client }, { TableName: `${PREFIX}-${table}`, ConsistentRead: true });
  for await (const { Items = [] } of pages) items.push(...Items);
  client.destroy();
  return items;
}

async function livingTasks({ operator, outputs }: EmbeddedProcess): Promise<LivingTask[]> {
  const client = new ECSClient(operator);
  const cluster = outputs['ClusterName'];
  const living: LivingTask[] = [];
  for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
    for await (const { taskArns = [] } of paginateListTasks({ client }, { cluster, desiredStatus })) {
      if (taskArns.length === 0) continue;
      const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
      for (const { taskArn = '', lastStatus: status = '', overrides } of tasks) {
        if (status === 'STOPPED') continue;
        const given = overrides?.containerOverrides?.flatMap(({ environment = [] }) => environment) ?? [];
        const startedFor = given.find(({ name }) => name === 'SLOT_ID' || name === 'DISPATCH_ID')?.value ?? '';
        living.push({ taskArn, status, startedFor });
      }
    }
  }
  client.destroy();
  return living;
}

async function runningExecutions({ operator, outputs }: EmbeddedProcess): Promise<string[]> {
  const client = new SFNClient(operator);
  const dispatch = outputs['StateMachineArn'] ?? '';
  const running: string[] = [];
  for (const stateMachineArn of [dispatch, dispatch.replace(/[^:]+$/, `${PREFIX}-warm-slot`)]) {
    const machine = stateMachineArn.split(':').at(-1);
    const { executions = [] } = await client.send(
      new ListExecutionsCommand({ stateMachineArn, statusFilter: 'RUNNING', maxResults: 1000 }),
    );
    running.push(...executions.map(({ name }) => `${machine}:${name}`));
  }
  client.destroy();
  return running;
}
