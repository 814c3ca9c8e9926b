import { DeleteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { isTerminal } from '../../../core/dispatch-status.ts';
import type { Tenant } from '../../../core/tenant.ts';
import { DispatchStore } from '../../../lambdas/shared/dispatch-store.ts';
import { PoolStore } from '../../../lambdas/shared/pool-store.ts';
import { TenantStore } from '../../../lambdas/shared/tenant-store.ts';
import { SWEEP_KEY } from '../../../lambdas/sweep/sweep-memory.ts';
import { LifeEcs, type LifeTask, workLikeWorker } from './life-ecs.ts';
import { LifeExecutions } from './life-executions.ts';
import { lifeFunctions } from './life-functions.ts';
import { LifeModel } from './life-model.ts';
import { LifeBuckets, type LifeTables, watchedDocuments } from './life-stores.ts';
import { LifeTasks } from './life-tasks.ts';
import { type Actor, Turns } from './turns.ts';

/** Seconds that each function may take, as it is deployed. */
const SECONDS = { settle: 600, 'track-ecs': 30, replay: 30 } as const;

/** Something that a function is to be called with, until it has been. */
export interface Message {
  readonly to: 'settle' | 'track-ecs' | 'replay';
  readonly event: unknown;
  /** It comes of EventBridge, which may lose it; what Lambda has accepted is not lost. */
  readonly isEvent: boolean;
  tries: number;
}

export const MAX_CONCURRENT = 2;
export const DISPATCHES = 2;
const START = Date.parse('2026-03-01T12:00:00.000Z');
/** Milliseconds that a turn takes. */
const TURN_MS = 5;

/** One tenant with a few dispatches: our functions and stores, everything else simulated, one call at a time. */
export class LifeWorld {
  #time = START;
  readonly turns = new Turns();
  readonly model = new LifeModel(MAX_CONCURRENT, this.turns.history, (taskArn) => this.#isLeftAlone(taskArn));
  readonly buckets = new LifeBuckets(this.turns);
  readonly tenant: Tenant = {
    tenantId: `life-${ulid().toLowerCase()}`,
    status: 'ACTIVE',
    maxConcurrent: MAX_CONCURRENT,
    createdAt: new Date(START).toISOString(),
  };
  readonly ids = Array.from({ length: DISPATCHES }, () => ulid());
  readonly messages: Message[] = [];
  /** Messages that come late. */
  readonly postponed: Message[] = [];
  /** What ends the time of the run states that wait. */
  readonly waiting = new Map<string, () => void>();
  readonly ecs: LifeEcs;
  readonly executions: LifeExecutions;
  readonly stores: {
    documents: DynamoDBDocumentClient;
    dispatches: DispatchStore;
    tenants: TenantStore;
    pool: PoolStore;
  };
  readonly functions;
  #losesEvents = false;
  readonly #deadlines = new Map<Actor, number>();

  constructor(
    readonly bare: DynamoDBDocumentClient,
    readonly tables: LifeTables,
  ) {
    const { turns, model, now, buckets } = this;
    const documents = watchedDocuments(bare, { turns, model, tables });
    this.stores = {
      documents,
      dispatches: new DispatchStore(documents, tables.dispatches),
      tenants: new TenantStore(documents, tables.tenants),
      pool: new PoolStore(documents, tables.pool),
    };
    const worker = {
      turns,
      now,
      isRunning: (task: LifeTask) => this.#ecsEvent(task),
      passFence: async ({ ref, taskArn }: LifeTask, startedAt: string) => {
        const passed = await this.stores.dispatches.passFence({ ...ref, taskArn, startedAt });
        if (!passed) model.refused(ref, taskArn);
        return passed;
      },
      began: ({ ref, taskArn }: LifeTask) => model.began(ref, taskArn),
      upload: async ({ ref }: LifeTask, end: Parameters<typeof buckets.upload>[1]) => {
        await buckets.upload(ref, end, now().toISOString());
        model.attempt(ref).finishedWell = end.endedBy === 'agent' && end.exitCode === 0;
      },
    };
    this.ecs = new LifeEcs({
      turns,
      now,
      runWorker: (task) => workLikeWorker(worker, task),
      changed: (task) => this.#ecsEvent(task),
    });
    this.functions = lifeFunctions(this);
    this.executions = new LifeExecutions({
      turns,
      now,
      pass: (milliseconds) => this.pass(milliseconds),
      dispatchesTable: tables.dispatches,
      tasks: new LifeTasks({
        turns,
        now,
        documents,
        ecs: this.ecs,
        functions: this.functions.ofStates,
        goesOn: (name) => this.executions.goesOn(name),
        waits: (name, timeIsUp) => this.waiting.set(name, timeIsUp),
      }),
      started: (ref) => model.executionStarted(ref),
      failed: ({ executionArn, name }, { status, error, cause }) =>
        this.send('settle', {
          'detail-type': 'Step Functions Execution Status Change',
          detail: { executionArn, name, status, error, cause },
        }),
    });
  }

  static async open(documents: DynamoDBDocumentClient, tables: LifeTables): Promise<LifeWorld> {
    const world = new LifeWorld(documents, tables);
    await world.stores.tenants.create(world.tenant);
    return world;
  }

  readonly now = (): Date => new Date(this.#time);

  /** Time passes; Lambda ends what has taken all of its own. */
  pass(milliseconds: number): void {
    this.#time += milliseconds;
    const late = [...this.#deadlines].filter(([, deadline]) => deadline <= this.#time);
    for (const [actor] of late) {
      this.#deadlines.delete(actor);
      actor.die();
    }
  }

  /** Calls a function of ours, which may take so long: nobody hears of it again where it takes longer. */
  invoke<T>(name: string, story: () => Promise<T>, seconds: number): Actor<T> {
    const actor = this.turns.begin(name, story, { mortal: true });
    const forget = () => void this.#deadlines.delete(actor as Actor);
    this.#deadlines.set(actor as Actor, this.#time + seconds * 1_000);
    actor.done.then(forget, forget);
    return actor;
  }

  tick(): void {
    this.pass(TURN_MS);
  }

  send(to: Message['to'], event: unknown, isEvent = true): void {
    if (!isEvent || !this.#losesEvents) this.messages.push({ to, event, isEvent, tries: 0 });
  }

  /** Calls the function that a message is for. Lambda tries three times; what fails then lies with the dead letters. */
  deliver(message: Message, keep = false): void {
    if (!keep) this.messages.splice(this.messages.indexOf(message), 1);
    const { to, event, isEvent, tries } = message;
    const call = this.functions.ofMessages[to];
    const actor = this.invoke(to, () => call(JSON.parse(JSON.stringify(event))), SECONDS[to]);
    actor.done.catch((error) => {
      if (!actor.disturbed && !EXPECTED.includes((error as Error).name)) {
        this.model.faults.push(`${to} failed without a cause: ${(error as Error).stack}`);
      }
      if (tries < 2) this.messages.push({ to, event, isEvent, tries: tries + 1 });
    });
  }

  /** Everyone has ended: every dispatch, execution and ECS task. */
  get isOver(): boolean {
    const records = [...this.model.records.values()];
    return (
      records.every(({ status, publishedAt }) => isTerminal(status) && publishedAt !== undefined) &&
      this.executions.running.length === 0 &&
      this.ecs.tasks.every(({ status }) => status === 'STOPPED') &&
      this.messages.length === 0
    );
  }

  /** Whoever stands still goes on, and what is on its way arrives. */
  release(): void {
    for (const actor of this.turns.frozen) actor.isFrozen = false;
    this.messages.push(...this.postponed.splice(0));
  }

  /** From now on, and of what is under way: EventBridge tells nobody anything. */
  loseEvents(): void {
    this.#losesEvents = true;
    const kept = this.messages.filter(({ isEvent }) => !isEvent);
    this.messages.splice(0, this.messages.length, ...kept);
  }

  /** What has not ended, in words. */
  get leftovers(): string[] {
    return [
      ...this.executions.running.map(({ name }) => `the execution ${name} runs`),
      ...this.ecs.tasks.filter(({ status }) => status !== 'STOPPED').map(({ taskArn }) => `${taskArn} runs`),
      ...this.messages.map(({ to, event }) => `nobody takes ${to} ${JSON.stringify(event)}`),
    ];
  }

  /** Takes what was written out of the tables. */
  async close(): Promise<void> {
    for (const dispatchId of this.ids) {
      await this.bare.send(new DeleteCommand({ TableName: this.tables.dispatches, Key: { dispatchId } }));
    }
    await this.bare.send(new DeleteCommand({ TableName: this.tables.pool, Key: SWEEP_KEY }));
    const { tenantId } = this.tenant;
    await this.bare.send(new DeleteCommand({ TableName: this.tables.tenants, Key: { tenantId } }));
  }

  #isLeftAlone(taskArn: string): boolean {
    const task = this.ecs.find(taskArn);
    return task !== undefined && task.status !== 'STOPPED' && !task.isStopping;
  }

  #ecsEvent({ taskArn, ref, status, isStopping, stopCode, stoppedReason, stoppedAt, exitCode }: LifeTask): void {
    const environment = [
      { name: 'DISPATCH_ID', value: ref.dispatchId },
      { name: 'ATTEMPT', value: String(ref.attempt) },
    ];
    this.send('track-ecs', {
      'detail-type': 'ECS Task State Change',
      detail: {
        taskArn,
        lastStatus: status,
        desiredStatus: status === 'STOPPED' || isStopping ? 'STOPPED' : 'RUNNING',
        clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/outpost',
        overrides: { containerOverrides: [{ name: 'worker', environment }] },
        containers: [{ name: 'worker', ...(exitCode === undefined ? {} : { exitCode }) }],
        ...(status === 'STOPPED' ? { stopCode, stoppedReason, stoppedAt } : {}),
      },
    });
  }
}

/** What functions throw where somebody else was faster, or has to be waited for. */
const EXPECTED = ['AttemptHasBegun', 'NoPlaceLeft'];
