import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { DispatchSpec } from '../../../core/dispatch-spec.ts';
import type { AttemptRef } from '../../../core/ids.ts';
import { GITHUB_URL } from '../../../core/repository.ts';
import type { TaskCallback } from '../../../lambdas/shared/task-callback.ts';
import { agentUser } from '../../../worker/agent/agent-user.ts';
import { runCold } from '../../../worker/run-cold.ts';
import { serveSlot } from '../../../worker/warm/serve-slot.ts';
import { slotWork } from '../../../worker/warm/slot-work.ts';
import type { WorkerKit } from '../../../worker/worker-kit.ts';
import { WorkerLog } from '../../../worker/worker-log.ts';
import { KeptOutput } from './kept-output.ts';
import type { SimulatedTask } from './simulated-ecs.ts';
import { AGENT, TENANT, TIMEOUT_SECONDS } from './world-constants.ts';
import type { WorldGround } from './world-ground.ts';

const NO_PROGRAM = { file: 'false', args: [] };

/** Looks at its slot so often in simulated time: more often would only cost requests. */
const POLL_MS = 5_000;
const WAITING = ['BOOTING', 'WARM', 'CLAIMED', 'ASSIGNED'];

/**
 * The worker's own code in a container of the world. It can be killed between any two of its requests: what it then still
 * asks for fails.
 */
export class WorkerInWorld {
  readonly #ground: WorldGround;
  readonly #task: SimulatedTask;
  /** Aborts when the worker hears that nobody waits for it. */
  readonly #refused = new AbortController();
  #release: (() => void) | undefined;

  constructor(ground: WorldGround, task: SimulatedTask) {
    this.#ground = ground;
    this.#task = task;
  }

  /** @returns the container's exit code; of one that is killed it says nothing */
  async run(): Promise<number> {
    const { SLOT_ID, DISPATCH_ID = '', ATTEMPT } = this.#task.environment;
    this.#hold();
    try {
      if (SLOT_ID === undefined) {
        return await runCold(this.#kit(DISPATCH_ID), { dispatchId: DISPATCH_ID, attempt: Number(ATTEMPT) });
      }
      // A simulated stop takes its time: nothing waits for the record.
      const records = { get: async () => undefined };
      const parts = { slotId: SLOT_ID, pool: this.#pool(), callback: this.#callback(), records };
      const clock = this.#ground.clock.ofMachine(this.#ground.skewMs);
      return await serveSlot(slotWork(this.#kit(SLOT_ID), { ...parts, clock, times: { pollMs: POLL_MS } }));
    } finally {
      this.#letGo();
    }
  }

  #kit(name: string): WorkerKit {
    const { dispatches, output, folder, said } = this.#ground;
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        said.push(`${name}: ${chunk.toString('utf8').trim()}`);
        done();
      },
    });
    return {
      agent: AGENT,
      program: {
        probe: { file: 'true', args: [] },
        makeCommand: ({ spec: { dispatchId } }) => this.#runAgent(dispatchId),
      },
      workspace: join(folder, name),
      user: agentUser(undefined),
      programs: {
        pack: NO_PROGRAM,
        checkpoint: NO_PROGRAM,
        patch: NO_PROGRAM,
        context: NO_PROGRAM,
        workspace: NO_PROGRAM,
      },
      secrets: { values: async () => ({}), lackOf: () => undefined, repositoryToken: async () => undefined },
      agentVariables: {},
      githubUrl: GITHUB_URL,
      specs: { getSpec: async (dispatchId) => ({ valid: true, content: specOf(dispatchId) }) },
      dispatches: { passFence: (pass) => this.#step('fence', () => dispatches.passFence(pass)) },
      bucketOf: (attempt: AttemptRef) => (this.#task.isKilled ? new KeptOutput() : output).bucketOf(attempt),
      maxOutputBytes: 1024 ** 3,
      checkpointMs: 60_000,
      log: new WorkerLog(sink),
      stop: this.#task.stop.signal,
      patienceMs: 0,
      fetchTaskArn: async () => this.#task.taskArn,
    };
  }

  #pool(): Parameters<typeof slotWork>[1]['pool'] {
    const { pool } = this.#ground;
    return {
      get: async (ref) => {
        const slot = await this.#quietly(() => pool.get(ref));
        if (slot === undefined || !WAITING.includes(slot.state)) this.#hold();
        return slot;
      },
      register: (...slot) => this.#step('register', () => pool.register(...slot)).finally(() => this.#letGo()),
      seen: (...slot) => this.#quietly(() => pool.seen(...slot)),
      managerSeenAt: () => this.#quietly(() => pool.managerSeenAt()),
      acknowledge: (...slot) => this.#step('acknowledge', () => pool.acknowledge(...slot)).finally(() => this.#hold()),
      drain: (...slot) => this.#quietly(() => pool.drain(...slot)).finally(() => this.#hold()),
    };
  }

  #callback(): TaskCallback {
    const { callback } = this.#ground;
    return {
      heartbeat: async (token) => {
        const accepted = await this.#quietly(() => callback.heartbeat(token));
        if (!accepted) this.#refused.abort();
        return accepted;
      },
      succeed: (token, output) => this.#step('report', () => callback.succeed(token, output)),
    };
  }

  /** The agent takes simulated time; what is started for it in the end is a process that does nothing. */
  async #runAgent(dispatchId: string) {
    const { clock, points, begun } = this.#ground;
    begun.set(dispatchId, (begun.get(dispatchId) ?? 0) + 1);
    this.#letGo();
    await points.reach('agent');
    this.#dieIfKilled();
    const stop = AbortSignal.any([this.#task.stop.signal, this.#refused.signal]);
    await clock.sleep(this.#ground.agentMs, stop);
    this.#dieIfKilled();
    this.#hold();
    return stop.aborted ? { file: 'sleep', args: ['60'] } : { file: 'true', args: [] };
  }

  /** A step that tests look at: time passes while they do. */
  async #step<T>(name: string, take: () => Promise<T>): Promise<T> {
    const held = this.#release !== undefined;
    this.#dieIfKilled();
    this.#letGo();
    try {
      const answer = await this.#ground.points.step(name, async () => {
        this.#dieIfKilled();
        return take();
      });
      this.#dieIfKilled();
      return answer;
    } finally {
      if (held) this.#hold();
    }
  }

  async #quietly<T>(take: () => Promise<T>): Promise<T> {
    this.#dieIfKilled();
    const answer = await take();
    this.#dieIfKilled();
    return answer;
  }

  #dieIfKilled(): void {
    if (!this.#task.isKilled) return;
    this.#letGo();
    throw new Error('The worker was killed.');
  }

  /** Time stands still while the worker does something real: processes and files. */
  #hold(): void {
    if (this.#task.isKilled) return;
    this.#release ??= this.#ground.clock.hold(`the worker of ${this.#task.taskArn}`);
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }
}

function specOf(dispatchId: string): DispatchSpec {
  return { version: 1, dispatchId, tenantId: TENANT, agent: AGENT, task: '', timeoutSeconds: TIMEOUT_SECONDS };
}
