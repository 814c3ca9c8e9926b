import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { isTerminal, type TerminalStatus } from '../../core/dispatch-status.ts';
import type { DispatchEnded } from '../../core/events.ts';
import { type AttemptRef, attemptName } from '../../core/ids.ts';
import type { Outcome } from '../../core/outcome.ts';
import { CANCELLED_ON_REQUEST } from '../../core/stop-reason.ts';
import type { RecordedOutcome } from '../../core/workflow.ts';
import { type DispatchStore, type OutcomeWriter, outcomeId } from './dispatch-store.ts';
import type { EventPublisher } from './event-publisher.ts';
import type { OutcomeMetrics } from './outcome-metrics.ts';
import type { TenantStore } from './tenant-store.ts';

/**
 * An ECS task has passed the start fence since the outcome was formed. Retries fail alike, and so does the execution;
 * `settle` then finds the ECS task in the record, stops it, and forms the outcome anew.
 */
export class AttemptHasBegun extends Error {
  override readonly name = 'AttemptHasBegun';

  constructor(
    ref: AttemptRef,
    readonly taskArn: string | undefined,
  ) {
    super(`${attemptName(ref)} was begun by ${taskArn} after its outcome was formed.`);
  }
}

export interface OutcomeCollaborators {
  readonly dispatches: Pick<DispatchStore, 'get' | 'end' | 'markPublished'>;
  readonly tenants: Pick<TenantStore, 'freePlace'>;
  readonly events: Pick<EventPublisher, 'ended'>;
  readonly metrics: OutcomeMetrics;
  readonly now: () => Date;
}

/**
 * The one way an attempt ends: the terminal write, then the tenant's place, the event and the metrics. Repeating it is
 * harmless, and completes what an earlier try left undone. Answers how the attempt ended, whoever wrote it.
 */
export async function recordOutcome(
  collaborators: OutcomeCollaborators,
  ref: AttemptRef,
  outcome: Outcome,
  writer: OutcomeWriter['writer'],
): Promise<RecordedOutcome> {
  const record = await endAttempt(collaborators, ref, outcome, writer);
  if (!record) return { status: 'FAILED', reason: 'The dispatch has no record: it was never written, or has expired.' };
  const { status, attempt, tenantId, reason } = record;
  if (attempt === ref.attempt && !isTerminal(status)) throw new Error(`${attemptName(ref)} stayed ${status}.`);
  await collaborators.tenants.freePlace(tenantId, attemptName(ref));
  if (attempt !== ref.attempt || !isTerminal(status)) {
    return { status: 'FAILED', reason: `A later attempt (${attempt}) took over.` };
  }
  if (record.publishedAt === undefined) await announce(collaborators, record, status);
  return { status, reason: reason ?? 'The agent finished and its output is in S3.' };
}

/** The record as it is after the terminal write, whoever made it; `undefined` where there is none. */
async function endAttempt(
  { dispatches, now }: OutcomeCollaborators,
  ref: AttemptRef,
  outcome: Outcome,
  writer: OutcomeWriter['writer'],
): Promise<DispatchRecord | undefined> {
  const endedAt = now().toISOString();
  await dispatches.end(ref, outcome, { writer, endedAt });
  const record = await dispatches.get(ref.dispatchId);
  if (!record || record.attempt !== ref.attempt || isTerminal(record.status)) return record;
  const holder = record.startedAt === undefined ? undefined : record.taskArn;
  if (holder !== outcome.taskArn) throw new AttemptHasBegun(ref, holder);
  await dispatches.end(ref, { ...outcome, ...instead(record, outcome) }, { writer, endedAt });
  return dispatches.get(ref.dispatchId);
}

/**
 * What an outcome becomes that is refused to a living attempt: a cancel came after it was formed, or it is a SUCCESS of
 * what never ran, or whose output was never looked at.
 */
function instead(record: DispatchRecord, outcome: Outcome): Pick<Outcome, 'status' | 'reason'> {
  if (record.cancelRequestedAt !== undefined) return CANCELLED_ON_REQUEST;
  return { status: 'FAILED', reason: `The attempt cannot go from ${record.status} to ${outcome.status}.` };
}

/** At least once: the note that it is out comes after the event. The metrics go with the note, and so are counted once. */
async function announce(
  { dispatches, events, metrics, now }: OutcomeCollaborators,
  record: DispatchRecord,
  status: TerminalStatus,
): Promise<void> {
  await events.ended(dispatchEnded(record, status, now()));
  if (!(await dispatches.markPublished(record, now().toISOString()))) return;
  metrics.ended(record);
  if (record.outcomeId === outcomeId(record, 'settle')) metrics.settled(record);
}

function dispatchEnded(record: DispatchRecord, status: TerminalStatus, now: Date): DispatchEnded {
  const { dispatchId, attempt, tenantId, agent, exitCode, reason, startedAt, endedAt, output, usage } = record;
  return {
    version: '1',
    eventId: `${attemptName(record)}-ended`,
    dispatchId,
    attempt,
    tenantId,
    agent,
    status,
    endedAt: endedAt ?? now.toISOString(),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(output === undefined ? {} : { output }),
    ...(usage === undefined ? {} : { usage }),
  };
}
