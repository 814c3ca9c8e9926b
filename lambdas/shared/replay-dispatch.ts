import { type DispatchRecord, isLivingAttempt, MAX_ATTEMPTS } from '../../core/dispatch-record.ts';
import { isTerminal } from '../../core/dispatch-status.ts';
import { type AttemptRef, attemptName } from '../../core/ids.ts';
import { type BeginCollaborators, beginAttempt } from './begin-attempt.ts';
import type { DispatchStore } from './dispatch-store.ts';
import { type OutcomeCollaborators, recordOutcome } from './record-outcome.ts';
import type { SpecStore } from './spec-store.ts';
import type { TenantStore } from './tenant-store.ts';

/** The attempt that is to be followed by another, and what that is asked for by: the same key asks for one alone. */
export interface Replay extends AttemptRef {
  readonly key: string;
}

/** What became of a replay. Only `replayed` changed anything. */
export type ReplayAnswer =
  | { readonly answer: 'absent' }
  | { readonly answer: 'no-place'; readonly maxConcurrent: number }
  | { readonly answer: Exclude<ReplayAnswerName, 'absent' | 'no-place'>; readonly record: DispatchRecord };

export const REPLAY_ANSWERS = [
  /** The next attempt is there and begun; the record is its own, or that of one after it. */
  'replayed',
  /** The same key has asked for it before; the record is as above. */
  'repeated',
  /** The attempt has not ended. */
  'living',
  /** Another replay has followed the attempt already. */
  'overtaken',
  /** There is no such dispatch any more, or no such attempt of it. */
  'absent',
  /** It has had as many attempts as a dispatch may. */
  'too-many',
  /** The spec is gone: what was to be done is known to nobody. */
  'expired',
  /** The tenant is suspended, or gone. */
  'suspended',
  /** As many of the tenant's attempts live as may. */
  'no-place',
] as const;
export type ReplayAnswerName = (typeof REPLAY_ANSWERS)[number];

export interface ReplayCollaborators extends BeginCollaborators, OutcomeCollaborators {
  readonly dispatches: Pick<DispatchStore, 'get' | 'end' | 'markPublished' | 'replay'>;
  readonly tenants: Pick<TenantStore, 'get' | 'takePlace' | 'freePlace'>;
  readonly specs: Pick<SpecStore, 'refreshSpec'>;
  readonly events: BeginCollaborators['events'] & OutcomeCollaborators['events'];
}

/**
 * Starts the next attempt of a dispatch that has ended. Repeating it with the same key is harmless, and completes what
 * an earlier try left undone: the condition that `DispatchStore.replay` writes under is the fence.
 */
export async function replayDispatch(collaborators: ReplayCollaborators, replay: Replay): Promise<ReplayAnswer> {
  const record = await collaborators.dispatches.get(replay.dispatchId);
  const answer =
    record && mayFollow(record, replay) ? await follow(collaborators, record, replay) : answerOf(record, replay);
  const isAsWanted = answer.answer === 'replayed' || answer.answer === 'repeated';
  if (isAsWanted && answer.record.status === 'PENDING') await beginAttempt(collaborators, answer.record);
  return answer;
}

function mayFollow({ attempt, status, replayKeys }: DispatchRecord, replay: Replay): boolean {
  return attempt === replay.attempt && attempt < MAX_ATTEMPTS && isTerminal(status) && !replayKeys?.has(replay.key);
}

/** Spec and place come before the write: the attempt that it makes can be started by whoever finds it. */
async function follow(
  collaborators: ReplayCollaborators,
  record: DispatchRecord,
  replay: Replay,
): Promise<ReplayAnswer> {
  const { dispatches, specs, tenants, now } = collaborators;
  const { dispatchId, tenantId } = record;
  if (!(await specs.refreshSpec(dispatchId))) return { answer: 'expired', record };
  await announceFirst(collaborators, record);
  const tenant = await tenants.get(tenantId);
  if (tenant?.status !== 'ACTIVE') return { answer: 'suspended', record };
  const next = { dispatchId, attempt: replay.attempt + 1 };
  const { maxConcurrent } = tenant;
  if (!(await tenants.takePlace(tenantId, attemptName(next), maxConcurrent))) {
    return { answer: 'no-place', maxConcurrent };
  }
  const made = await dispatches.replay({ ...replay, now: now() });
  const current = made ?? (await dispatches.get(dispatchId));
  // An attempt that a twin made may have ended before its place was taken again: nobody else would give it back.
  if (!isLivingAttempt(current, next)) await tenants.freePlace(tenantId, attemptName(next));
  return made ? { answer: 'replayed', record: made } : answerOf(current, replay);
}

/** A replay takes the outcome off the record, so whoever waits for the end of this attempt hears of it before that. */
async function announceFirst(collaborators: ReplayCollaborators, record: DispatchRecord): Promise<void> {
  const { status, publishedAt } = record;
  if (!isTerminal(status) || publishedAt !== undefined) return;
  // The outcome is there, so none is written: what its writer left undone is completed.
  await recordOutcome(collaborators, record, { status }, 'settle');
}

function answerOf(record: DispatchRecord | undefined, replay: Replay): ReplayAnswer {
  if (!record || record.attempt < replay.attempt) return { answer: 'absent' };
  if (record.replayKeys?.has(replay.key)) return { answer: 'repeated', record };
  if (record.attempt > replay.attempt) return { answer: 'overtaken', record };
  if (!isTerminal(record.status)) return { answer: 'living', record };
  if (record.attempt >= MAX_ATTEMPTS) return { answer: 'too-many', record };
  throw new Error(`${attemptName(replay)} has ended, and could not be followed by another attempt.`);
}
