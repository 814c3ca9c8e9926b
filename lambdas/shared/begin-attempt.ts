import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { attemptName } from '../../core/ids.ts';
import type { EventPublisher } from './event-publisher.ts';
import type { Executions } from './executions.ts';

export interface BeginCollaborators {
  readonly events: Pick<EventPublisher, 'requested'>;
  readonly executions: Pick<Executions, 'start'>;
}

/**
 * Publishes `Dispatch Requested` for the record's attempt, and starts its execution. Repeats are harmless. The event
 * comes first: what is archived can be replayed, even where the execution is never started.
 */
export async function beginAttempt({ events, executions }: BeginCollaborators, record: DispatchRecord): Promise<void> {
  const { dispatchId, attempt, tenantId, agent, timeoutSeconds, workspaceMode } = record;
  await events.requested({
    version: '1',
    eventId: `${attemptName({ dispatchId, attempt })}-requested`,
    dispatchId,
    attempt,
    tenantId,
    agent,
    requestedAt: record.attemptedAt ?? record.createdAt,
  });
  const input = { dispatchId, attempt, tenantId, agent, timeoutSeconds };
  await executions.start(workspaceMode === undefined ? input : { ...input, workspaceMode });
}
