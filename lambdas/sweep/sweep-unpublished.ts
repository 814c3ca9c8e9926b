import { isTerminal } from '../../core/dispatch-status.ts';
import type { DispatchStore } from '../shared/dispatch-store.ts';
import { type OutcomeCollaborators, recordOutcome } from '../shared/record-outcome.ts';
import type { Stage } from './stage.ts';
import type { SweepRun } from './sweep-run.ts';

export interface UnpublishedCollaborators extends OutcomeCollaborators {
  readonly dispatches: OutcomeCollaborators['dispatches'] & Pick<DispatchStore, 'unpublishedPage'>;
}

/** Milliseconds that whoever has ended an attempt has to publish it. */
export const PUBLISH_MS = 60_000;

/** Completes what the writer of an outcome left undone: the tenant's place, the event, the metrics. */
export const sweepUnpublished: Stage<UnpublishedCollaborators> = async (collaborators, run, limit, after) => {
  const { items, next } = await collaborators.dispatches.unpublishedPage(limit, after);
  await run.failures.keepAll(items, (dispatchId) => publish(collaborators, run, dispatchId));
  return { looked: items.length, next };
};

async function publish(collaborators: UnpublishedCollaborators, run: SweepRun, dispatchId: string): Promise<void> {
  const record = await collaborators.dispatches.get(dispatchId);
  if (!record || !isTerminal(record.status) || record.publishedAt !== undefined) return;
  const { status, updatedAt, endedAt = updatedAt } = record;
  if (collaborators.now().getTime() - Date.parse(endedAt) < PUBLISH_MS) return;
  // The outcome is there, so none is written, and all that comes after it is.
  await recordOutcome(collaborators, record, { status }, 'settle');
  run.count('published');
}
