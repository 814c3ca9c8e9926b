import { ulid } from 'ulid';
import type { DispatchRecord } from '../../../core/dispatch-record.ts';
import { isTerminal } from '../../../core/dispatch-status.ts';
import { attemptName } from '../../../core/ids.ts';
import type { Slot } from '../../../core/slot.ts';
import type { PoolTrigger } from '../../../lambdas/manage-pool/trigger.ts';
import { aRecord } from '../../lambdas/records.ts';
import type { SimulatedTask } from './simulated-ecs.ts';
import { AGENT, TENANT, TIMEOUT_SECONDS } from './world-constants.ts';
import { type WorldExecution, WorldExecutions } from './world-executions.ts';
import { worldFunctions } from './world-functions.ts';
import { WorldGround, type WorldTables } from './world-ground.ts';
import { worldManager } from './world-manager.ts';
import { WorldTasks } from './world-tasks.ts';

export interface WorldDispatch {
  readonly dispatchId: string;
  readonly execution: WorldExecution;
}

type SlotName = Pick<Slot, 'slotId'>;

/**
 * Outpost in one process and in simulated time: both state machines, the functions, the stores and the workers are the
 * real ones; ECS, S3 and the network are simulated. A test steps in at the world's points.
 */
export class PoolWorld extends WorldGround {
  readonly executions: WorldExecutions;
  /** Calls the pool's manager. */
  readonly manage: (trigger: PoolTrigger) => Promise<unknown>;
  readonly #submitted = new Set<string>();
  #settling = 0;

  constructor(tables: WorldTables) {
    super(tables);
    this.manage = worldManager(this, () => this.executions);
    const { functions, settle } = worldFunctions(this, (trigger) => void this.watch(this.manage(trigger)));
    this.executions = new WorldExecutions(this, new WorldTasks(this, functions), async (failed) => {
      this.#settling++;
      await this.watch(settle(failed));
      this.#settling--;
    });
  }

  /** The pool's manager looks, now and every minute; resolves when a slot is warm. */
  async fillPool(milliseconds?: number): Promise<Slot> {
    void this.#everyMinute();
    let warm: Slot | undefined;
    const isWarm = async () => {
      warm = (await this.slots()).find(({ state }) => state === 'WARM');
      return warm !== undefined;
    };
    await this.until(isWarm, 'a slot is warm', milliseconds);
    if (!warm) throw new Error('No slot is warm.');
    return warm;
  }

  /** Submits a dispatch, as the API does. */
  async submit(): Promise<WorldDispatch> {
    const now = this.clock.date().toISOString();
    const ids = { dispatchId: ulid(this.clock.now()), attempt: 1, tenantId: TENANT, agent: AGENT } as const;
    const facts = { ...ids, timeoutSeconds: TIMEOUT_SECONDS };
    await this.dispatches.create(aRecord({ ...facts, createdAt: now, updatedAt: now }));
    this.#submitted.add(ids.dispatchId);
    return { dispatchId: ids.dispatchId, execution: this.executions.start('dispatch', attemptName(ids), facts) };
  }

  /** Asks for a cancel, as the API does: intent first, then the ECS task as far as it is known. */
  async cancel({ dispatchId }: WorldDispatch): Promise<void> {
    const record = await this.dispatches.requestCancel(dispatchId, this.clock.date().toISOString());
    if (record?.taskArn) this.ecs.stopTask(record.taskArn, 'outpost:cancel');
  }

  abort({ execution }: Pick<WorldDispatch, 'execution'>): void {
    execution.execution.abort(undefined, 'Stopped by hand.');
  }

  /** The dispatch's record is terminal and its execution has ended; within an hour of simulated time. */
  async end(dispatch: WorldDispatch): Promise<DispatchRecord> {
    const hasEnded = async () => {
      if (dispatch.execution.outcome === undefined || this.#settling > 0) return false;
      return isTerminal((await this.record(dispatch)).status);
    };
    await this.until(hasEnded, 'the dispatch has ended', 3_600_000);
    return this.record(dispatch);
  }

  async record({ dispatchId }: Pick<WorldDispatch, 'dispatchId'>): Promise<DispatchRecord> {
    return existing(await this.dispatches.get(dispatchId), `record of ${dispatchId}`);
  }

  /** Of every dispatch that was submitted. */
  records(): Promise<DispatchRecord[]> {
    return Promise.all([...this.#submitted].map((dispatchId) => this.record({ dispatchId })));
  }

  async slot({ slotId }: SlotName): Promise<Slot> {
    return existing(await this.pool.get({ agentType: AGENT, slotId }), `slot ${slotId}`);
  }

  slots(): Promise<Slot[]> {
    return this.pool.list(AGENT);
  }

  /** The ECS task of a slot. */
  taskOf({ slotId }: SlotName): SimulatedTask {
    return existing(
      this.ecs.tasks.find(({ environment }) => environment['SLOT_ID'] === slotId),
      `ECS task of ${slotId}`,
    );
  }

  executionOf({ slotId }: SlotName): WorldExecution {
    return existing(this.executions.find('warm-slot', slotId), `execution of ${slotId}`);
  }

  /** Lets time pass until the condition holds. @throws Error where it does not in that time */
  until(condition: () => boolean | Promise<boolean>, what: string, milliseconds = 120_000): Promise<void> {
    return this.clock.until(condition, milliseconds, what);
  }

  /** Lets time pass. */
  pass(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    return this.until(() => this.clock.now() >= end, 'time has passed', milliseconds + 60_000);
  }

  /** Waits, while somebody else lets time pass, until something has come to a point so many times. */
  reached(point: string, times = 1): Promise<void> {
    return this.clock.whenever(() => this.points.reached.filter((other) => other === point).length >= times);
  }

  /** Waits, while somebody else lets time pass, until a slot is a tombstone. */
  isClosed(slot: SlotName): Promise<void> {
    return this.clock.whenever(async () => (await this.slot(slot)).state === 'STOPPED');
  }

  override async close(): Promise<void> {
    this.executions.close();
    await super.close();
  }

  async #everyMinute(): Promise<void> {
    for (;;) {
      void this.watch(this.manage({ 'detail-type': 'Scheduled Event' }));
      await this.clock.sleep(60_000);
    }
  }
}

function existing<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Error(`There is no ${what}.`);
  return found;
}
