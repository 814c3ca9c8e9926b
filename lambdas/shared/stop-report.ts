import type { EcsStop } from '../../core/ecs-stop.ts';
import { wordsOfError } from '../../core/wording.ts';
import type { StopReport } from '../../core/workflow.ts';

/** A report of the state machine, read: which ECS task stopped and how, and whether its time had run out. */
export interface ReadReport {
  readonly stop?: EcsStop;
  readonly timedOut: boolean;
  /** The ECS task that was stopped and waited for. */
  readonly awaitedTaskArn?: string;
  /** The run was on a warm slot. */
  readonly warm?: boolean;
}

/** Characters of an error's words that a reason keeps. */
const MAX_WORDS = 1_000;

/** The attributes by which an ECS task in a Cause is told from other JSON; a worker's own report has ECS's casing. */
const TASK_MARKS = ['TaskArn', 'Containers', 'StopCode', 'StoppedReason', 'taskArn', 'containers'];

/**
 * Reads what the execution knows. A Cause is the stopped ECS task as JSON after `States.TaskFailed`, words or other JSON
 * after everything else; then no ECS task ran, and the error counts as a failed start.
 */
export function readReport({ stop, error, cause, timedOut = false, taskArn, warm }: StopReport): ReadReport {
  const facts = { timedOut, ...(taskArn ? { awaitedTaskArn: taskArn } : {}), ...(warm ? { warm } : {}) };
  const task = asTask(stop) ?? asTask(parseJson(cause));
  if (task) return { ...facts, stop: task };
  if (!error && !cause) return facts;
  const words = wordsOfError(error, cause);
  return { ...facts, stop: { stopCode: 'TaskFailedToStart', stoppedReason: words.slice(0, MAX_WORDS) } };
}

function asTask(value: unknown): EcsStop | undefined {
  const isTask = typeof value === 'object' && value !== null && TASK_MARKS.some((mark) => mark in value);
  return isTask ? (value as EcsStop) : undefined;
}

function parseJson(text: string | null | undefined): unknown {
  if (!text?.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
