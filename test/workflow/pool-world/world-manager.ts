import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { POOL_POLICIES } from '../../../core/pool-policy.ts';
import type { SlotInput } from '../../../core/workflow.ts';
import { DemandCounters } from '../../../lambdas/manage-pool/demand-counters.ts';
import { type ManageCollaborators, managePool } from '../../../lambdas/manage-pool/manage-pool.ts';
import { ManagerLease } from '../../../lambdas/manage-pool/manager-lease.ts';
import type { PoolTrigger } from '../../../lambdas/manage-pool/trigger.ts';
import { WaitingDispatches } from '../../../lambdas/manage-pool/waiting-dispatches.ts';
import type { ClusterTask } from '../../../lambdas/shared/ecs-tasks.ts';
import type { ExecutionState } from '../../../lambdas/shared/execution-state.ts';
import type { PoolStore } from '../../../lambdas/shared/pool-store.ts';
import type { Points } from './points.ts';
import type { SimulatedEcs, SimulatedTask } from './simulated-ecs.ts';
import { AGENT, BOUNDS, TASK_DEFINITION } from './world-constants.ts';
import type { WorldExecutions } from './world-executions.ts';
import type { WorldGround } from './world-ground.ts';

/** `manage-pool` over the world's stores, clock, ECS and executions; its steps are `create` and `start` of a slot. */
export function worldManager(
  ground: WorldGround,
  executions: () => WorldExecutions,
): (trigger: PoolTrigger) => Promise<unknown> {
  const { clock, points, documents, pool, dispatches, ecs, callback } = ground;
  const { poolTable, dispatchesTable } = ground.tables;
  const now = () => clock.date();
  const collaborators: ManageCollaborators = {
    pool: stepping(pool, points),
    dispatches,
    counters: new DemandCounters(documents, poolTable),
    waiting: new WaitingDispatches(documents, dispatchesTable),
    executions: {
      start: (slot) => points.step('start', async () => startSlot(executions(), slot)),
      describe: async (slotId) => described(executions(), slotId),
    },
    callback,
    tasks: {
      running: async () => ecs.living.filter(({ stopCode }) => stopCode === undefined).map((task) => seen(ecs, task)),
      describeAll: async (taskArns) =>
        ecs.tasks.filter(({ taskArn }) => taskArns.includes(taskArn)).map((task) => seen(ecs, task)),
      stop: async (taskArn, why) => ecs.stopTask(taskArn, `outpost:${why}`),
    },
    taskDefinitions: { [AGENT]: TASK_DEFINITION },
    bounds: { [AGENT]: BOUNDS },
    policy: POOL_POLICIES.fixed,
    openLease: () => new ManagerLease(documents, poolTable, randomUUID(), now),
    newSlotId: (at) => ulid(at.getTime()),
    metrics: { started() {}, drained() {}, bootsFailed() {}, mended() {}, orphanStopped() {} },
    now,
  };
  return (trigger) => managePool(collaborators, trigger);
}

function stepping(pool: PoolStore, points: Points): ManageCollaborators['pool'] {
  return {
    create: (slot) => points.step('create', () => pool.create(slot)),
    get: (ref) => pool.get(ref),
    list: (agentType) => pool.list(agentType),
    close: (...slot) => pool.close(...slot),
    stopHandedBack: (ref) => pool.stopHandedBack(ref),
    drain: (...slot) => pool.drain(...slot),
    bury: (ref) => pool.bury(ref),
  };
}

function startSlot(executions: WorldExecutions, { agentType, slotId, taskDefinitionArn }: SlotInput): void {
  executions.start('warm-slot', slotId, { agentType, slotId, taskDefinitionArn });
}

function described(executions: WorldExecutions, slotId: string): ExecutionState {
  const execution = executions.find('warm-slot', slotId);
  if (!execution) return { status: 'absent' };
  const { outcome } = execution;
  if (!outcome) return { status: 'running' };
  const { error, cause } = 'error' in outcome ? outcome : { error: undefined, cause: undefined };
  return {
    status: 'closed',
    endedAs: outcome.status,
    error: error ?? `Execution.${outcome.status}`,
    cause: cause ?? '',
  };
}

function seen(ecs: SimulatedEcs, task: SimulatedTask): ClusterTask {
  const { taskArn, createdAt, environment } = task;
  return { ...ecs.describe(task), taskArn, createdAt: new Date(createdAt), environment };
}
