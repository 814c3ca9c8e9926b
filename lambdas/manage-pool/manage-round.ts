import { AGENT_NAMES, AGENTS, type AgentName } from '../../core/agents.ts';
import { pricePerHour } from '../../core/fargate-price.ts';
import type { PoolPolicy } from '../../core/pool-demand.ts';
import type { Slot } from '../../core/slot.ts';
import type { ClusterTask, EcsTasks } from '../shared/ecs-tasks.ts';
import type { Failures } from '../shared/failures.ts';
import { msSince } from '../shared/ms-since.ts';
import type { AgentBounds, TaskDefinitions } from '../shared/pool-settings.ts';
import type { PoolStore } from '../shared/pool-store.ts';
import { type AgentPlan, type Drain, planFor } from './agent-plan.ts';
import type { BootBackoff } from './boot-backoff.ts';
import type { DemandCounters } from './demand-counters.ts';
import type { Intent, ManagerLease, ManagerState } from './manager-lease.ts';
import { type MendCollaborators, mendSlots } from './mend-slots.ts';
import { poolDemand } from './pool-demand.ts';
import type { PoolMetrics } from './pool-metrics.ts';
import { type ReapCollaborators, reapOrphans } from './reap-orphans.ts';
import { intentsFor, MOST_STARTS, type StartCollaborators, startSlots } from './start-slots.ts';
import type { WaitingByAgent, WaitingDispatches } from './waiting-dispatches.ts';

export interface RoundCollaborators extends StartCollaborators, MendCollaborators, ReapCollaborators {
  readonly pool: Pick<PoolStore, 'create' | 'get' | 'list' | 'close' | 'stopHandedBack' | 'drain' | 'bury'>;
  readonly executions: StartCollaborators['executions'] & MendCollaborators['executions'];
  readonly tasks: Pick<EcsTasks, 'running' | 'describeAll' | 'stop'>;
  readonly metrics: PoolMetrics;
  readonly counters: Pick<DemandCounters, 'of'>;
  readonly waiting: Pick<WaitingDispatches, 'count'>;
  readonly taskDefinitions: TaskDefinitions;
  readonly bounds: AgentBounds;
  readonly policy: PoolPolicy;
}

/** Milliseconds between two looks at the cluster's ECS tasks, where claims and misses call the manager all the time. */
const LOOK_EVERY_MS = 45_000;

/** One agent's pool, and what is to be done about it. */
interface AgentRound {
  readonly agent: AgentName;
  readonly slots: readonly Slot[];
  readonly taskDefinitionArn: string | undefined;
  readonly plan: AgentPlan;
}

/** What one look has in common for all agents. */
interface Sight {
  readonly state: ManagerState;
  readonly pending: readonly Intent[];
  readonly waiting: WaitingByAgent;
  /** The ECS tasks that run; absent where this look leaves them out. */
  readonly running: ReadonlyMap<string, ClusterTask> | undefined;
}

/**
 * Brings the pool to what is desired, once: carries out what was intended before, looks, decides, notes what it intends,
 * and does it. What one agent's failure does not concern is done all the same.
 * @param wantsTasks whether to look at the cluster's ECS tasks as well, though it was done a moment ago
 * @returns the intents that are still to be carried out
 */
export async function manageRound(
  collaborators: RoundCollaborators,
  lease: ManagerLease,
  state: ManagerState,
  wantsTasks: boolean,
  failures: Failures,
): Promise<Intent[]> {
  const sight = await look(collaborators, lease, state, wantsTasks, failures);
  const agents = AGENT_NAMES.filter((agent) => sight.running || hasPool(collaborators, agent));
  const rounds = await failures.keepAll(agents, (agent) => roundOf(collaborators, agent, sight, failures));
  const orphans =
    sight.running && rounds.length === agents.length
      ? await reapOrphans(collaborators, [...sight.running.values()], byId(rounds), state.orphans, failures)
      : state.orphans;
  const intents = rounds.flatMap((round) => intentsOf(collaborators, round)).slice(0, MOST_STARTS);
  if (sight.running || intents.length > 0 || rounds.some(({ agent, plan }) => plan.backoff !== state.backoff[agent])) {
    await lease.note({
      intents: [...sight.pending, ...intents],
      backoff: { ...state.backoff, ...backoffs(rounds) },
      ...(sight.running ? { lookedAt: collaborators.now().toISOString(), orphans: { ...orphans } } : {}),
    });
  }
  const left = await startSlots(collaborators, intents, failures);
  await letGo(collaborators, rounds, failures);
  return [...sight.pending, ...left];
}

async function look(
  collaborators: RoundCollaborators,
  lease: ManagerLease,
  state: ManagerState,
  wantsTasks: boolean,
  failures: Failures,
): Promise<Sight> {
  const { tasks, waiting, now } = collaborators;
  const isDue = wantsTasks || state.lookedAt === undefined || msSince(state.lookedAt, now()) >= LOOK_EVERY_MS;
  const pending = await startSlots(collaborators, state.intents, failures);
  const running = isDue ? await failures.keep(() => tasks.running()) : undefined;
  await lease.keep();
  return {
    state,
    pending,
    waiting: (await failures.keep(() => waiting.count())) ?? new Map(),
    running: running && new Map(running.map((task) => [task.taskArn, task])),
  };
}

async function roundOf(
  collaborators: RoundCollaborators,
  agent: AgentName,
  sight: Sight,
  failures: Failures,
): Promise<AgentRound> {
  const { pool, taskDefinitions, now } = collaborators;
  let slots = await pool.list(agent);
  if (sight.running && (await mendSlots(collaborators, slots, sight.running, failures))) slots = await pool.list(agent);
  const taskDefinitionArn = hasPool(collaborators, agent) ? taskDefinitions[agent] : undefined;
  const ids = new Set(slots.map(({ slotId }) => slotId));
  const plan = planFor(
    {
      slots,
      intended: sight.pending.filter(({ agentType, slotId }) => agentType === agent && !ids.has(slotId)).length,
      taskDefinitionArn,
      desired: await desiredOf(collaborators, agent, slots, sight),
      backoff: sight.state.backoff[agent],
    },
    now(),
  );
  return { agent, slots, taskDefinitionArn, plan };
}

function hasPool({ bounds, taskDefinitions }: RoundCollaborators, agent: AgentName): boolean {
  return (bounds[agent]?.max ?? 0) > 0 && taskDefinitions[agent] !== undefined;
}

async function desiredOf(
  { bounds, policy, counters, now }: RoundCollaborators,
  agent: AgentName,
  slots: readonly Slot[],
  { state, waiting }: Sight,
): Promise<number> {
  const { min, max } = bounds[agent] ?? { min: 0, max: 0 };
  if (max === 0) return 0;
  const sources = { counters, since: state.since, now: now() };
  const demand = await poolDemand(sources, agent, slots, waiting.get(agent) ?? 0);
  const wanted = policy(demand, { min, max }, pricePerHour(AGENTS[agent].size));
  return Math.min(Math.max(wanted, min), max);
}

function byId(rounds: readonly AgentRound[]): Map<string, Slot> {
  return new Map(rounds.flatMap(({ slots }) => slots.map((slot) => [slot.slotId, slot] as const)));
}

function intentsOf(collaborators: RoundCollaborators, { agent, taskDefinitionArn, plan }: AgentRound): Intent[] {
  return taskDefinitionArn === undefined ? [] : intentsFor(collaborators, agent, taskDefinitionArn, plan.missing);
}

function backoffs(rounds: readonly AgentRound[]): Record<string, BootBackoff> {
  return Object.fromEntries(rounds.flatMap(({ agent, plan: { backoff } }) => (backoff ? [[agent, backoff]] : [])));
}

/** Buries, drains and counts. */
async function letGo(
  { pool, metrics, now }: RoundCollaborators,
  rounds: readonly AgentRound[],
  failures: Failures,
): Promise<void> {
  for (const { agent, plan } of rounds) {
    if (plan.failedBoots > 0) metrics.bootsFailed(agent, plan.failedBoots);
  }
  const plans = rounds.map(({ plan }) => plan);
  await failures.keepAll(
    plans.flatMap(({ bury }) => bury),
    (slot) => pool.bury(slot),
  );
  await failures.keepAll(
    plans.flatMap(({ drain }) => drain),
    async ({ slot, from, reason }: Drain) => {
      const drained = await pool.drain(slot, from, reason, now().toISOString());
      if (drained) metrics.drained(slot.agentType, reason);
    },
  );
}
