import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { readStop } from '../../core/ecs-stop.ts';
import { readReport } from '../shared/stop-report.ts';
import type { Trace, TraceState } from './wire.ts';

const ENDINGS: Readonly<Record<string, Trace['status']>> = {
  ExecutionSucceeded: 'succeeded',
  ExecutionFailed: 'failed',
  ExecutionTimedOut: 'timed_out',
  ExecutionAborted: 'aborted',
};

/**
 * The path of an execution through its state machine, state by state in order, from its history. A state's error is the
 * one it was left with: an error that a Retry overcame is not told.
 */
export function traceOf(history: readonly HistoryEvent[]): Omit<Trace, 'executionArn'> {
  const visits: TraceState[] = [];
  let status: Trace['status'] = 'running';
  for (const event of history) {
    const { type = '' } = event;
    const ending = ENDINGS[type];
    const open = visits.at(-1);
    status = ending ?? status;
    if (type.endsWith('StateEntered')) visits.push(enter(event));
    else if (open && open.exitedAt === null) follow(open, event, ending !== undefined);
  }
  return { status, states: visits };
}

function enter(event: HistoryEvent): TraceState {
  return {
    name: event.stateEnteredEventDetails?.name ?? '',
    type: (event.type ?? '').replace(/StateEntered$/, ''),
    enteredAt: timeOf(event),
    exitedAt: null,
    durationMs: null,
  };
}

/** Notes in the state that the execution is in what an event says of it. A `Fail` state has no exit of its own. */
function follow(visit: TraceState, event: HistoryEvent, executionEnded: boolean): void {
  const { type = '' } = event;
  if (type.endsWith('Succeeded')) {
    delete visit.error;
    delete visit.cause;
  }
  Object.assign(visit, errorOf(event));
  if (!executionEnded && !type.endsWith('StateExited')) return;
  visit.exitedAt = timeOf(event);
  visit.durationMs = Date.parse(visit.exitedAt) - Date.parse(visit.enteredAt);
}

/** Every kind of failure keeps its error under a key of its own: `taskFailedEventDetails`, `executionFailedEventDetails`… */
function errorOf(event: HistoryEvent): Pick<TraceState, 'error' | 'cause'> {
  for (const details of Object.values(event)) {
    if (typeof details !== 'object' || details === null || !('error' in details)) continue;
    const { error, cause } = details as { error?: string; cause?: string };
    const words = wordsOf(cause);
    return { ...(error ? { error } : {}), ...(words ? { cause: words } : {}) };
  }
  return {};
}

/** Of a stopped ECS task, which comes as JSON, its reason: where in our network it ran is no tenant's business. */
function wordsOf(cause: string | undefined): string | undefined {
  return readStop(readReport({ cause }).stop).stoppedReason;
}

function timeOf({ timestamp }: HistoryEvent): string {
  return (timestamp ?? new Date(0)).toISOString();
}
