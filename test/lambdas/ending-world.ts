import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { canTransition } from '../../core/dispatch-status.ts';
import type { DispatchEnded } from '../../core/events.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Slot } from '../../core/slot.ts';
import type { WorkerResult } from '../../core/worker-result.ts';
import type { SettleCollaborators } from '../../lambdas/settle/settle.ts';
import type { DescribedTask } from '../../lambdas/shared/ecs-tasks.ts';
import { DISPATCH_ID, NOW, TASK_ARN } from './records.ts';

export const REF = { dispatchId: DISPATCH_ID, attempt: 1 };
export const RUNNING = { status: 'RUNNING', taskArn: TASK_ARN, startedAt: NOW } as const;

export interface World {
  record?: DispatchRecord | undefined;
  result?: WorkerResult;
  manifest?: Manifest;
  /** The index of the last checkpoint. */
  checkpoint?: Manifest;
  /** What a worker that still lives puts before anybody else can. */
  lateManifest?: Manifest;
  sizes?: Record<string, number>;
  /** What ECS answers, look by look; the last answer stays. */
  tasks?: (DescribedTask | undefined)[];
  slots?: Slot[];
}

/** Collaborators over one dispatch in memory. */
export function world({
  record,
  result,
  manifest,
  checkpoint,
  lateManifest,
  sizes = { 'workspace.tar.gz': 100, 'output.log': 10 },
  tasks = [],
  slots = [],
}: World) {
  const state = {
    record,
    freed: [] as string[],
    events: [] as DispatchEnded[],
    counted: [] as string[],
    stops: [] as string[],
    /** When `settle` has noted that it is at work, each time. */
    settling: [] as string[],
    manifest,
  };
  let time = Date.parse(NOW);
  const isHeldBy = (taskArn: string | undefined) =>
    taskArn === undefined ? state.record?.startedAt === undefined : state.record?.taskArn === taskArn;
  const change = (attempt: number, to: DispatchRecord['status'], fields: Partial<DispatchRecord>) => {
    if (state.record?.attempt !== attempt || !canTransition(state.record.status, to)) return false;
    state.record = { ...state.record, status: to, ...fields };
    return true;
  };
  const collaborators: SettleCollaborators = {
    dispatches: {
      get: async () => state.record,
      noteSettling: async ({ attempt }, at) => {
        state.settling.push(at);
        return state.record?.attempt === attempt;
      },
      beginCompleting: async ({ attempt }, { taskArn }) =>
        isHeldBy(taskArn) && (change(attempt, 'COMPLETING', {}) || state.record?.status === 'COMPLETING'),
      end: async ({ attempt }, { status, ...fields }, { writer, endedAt }) =>
        isHeldBy(fields.taskArn) &&
        !(state.record?.cancelRequestedAt && ['FAILED', 'TIMEOUT'].includes(status)) &&
        change(attempt, status, {
          ...(fields as Partial<DispatchRecord>),
          endedAt,
          outcomeId: `${DISPATCH_ID}-${attempt}:${writer}`,
        }),
      markPublished: async (_, publishedAt) => {
        if (!state.record || state.record.publishedAt !== undefined) return false;
        state.record = { ...state.record, publishedAt };
        return true;
      },
    },
    artifacts: {
      getResult: async () => result && { valid: true, content: result },
      getManifest: async () => state.manifest && { valid: true, content: state.manifest },
      getCheckpoint: async () => {
        state.manifest ??= lateManifest;
        return checkpoint && { valid: true, content: checkpoint };
      },
      putManifest: async (_, content) => {
        if (state.manifest !== undefined) return false;
        state.manifest = content;
        return true;
      },
      head: async (key) => {
        const size = sizes[key.slice(key.lastIndexOf('/') + 1)];
        return size === undefined ? undefined : { size };
      },
    },
    tenants: { freePlace: async (tenantId, name) => void state.freed.push(`${tenantId} ${name}`) },
    events: { ended: async (event) => void state.events.push(event) },
    metrics: {
      ended: ({ status }) => void state.counted.push(`ended ${status}`),
      settled: ({ status }) => void state.counted.push(`settled ${status}`),
    },
    pool: { newest: async () => slots },
    tasks: {
      describe: async () => (tasks.length > 1 ? tasks.shift() : tasks[0]),
      stop: async (taskArn, why) => void state.stops.push(`${taskArn} ${why}`),
    },
    now: () => new Date(time),
    wait: async (milliseconds) => {
      time += milliseconds;
    },
  };
  return { state, collaborators, elapsed: () => time - Date.parse(NOW) };
}

export const stopped = (stopCode: string, exitCode?: number, stoppedReason = ''): DescribedTask => ({
  hasStopped: true,
  stop: {
    taskArn: TASK_ARN,
    stopCode,
    stoppedReason,
    stoppedAt: NOW,
    containers: [{ name: 'worker', ...(exitCode === undefined ? {} : { exitCode }) }],
  },
});
export const runs: DescribedTask = { hasStopped: false, stop: { taskArn: TASK_ARN } };
