import { z } from 'zod';
import { DETAIL_TYPES, DispatchReplayRequested, DispatchRequested } from '../../core/events.ts';
import type { Replay } from '../shared/replay-dispatch.ts';

/** Somebody asks for the next attempt. */
const Requested = z.object({
  'detail-type': z.literal(DETAIL_TYPES.replayRequested),
  detail: DispatchReplayRequested,
});

/** A replay of EventBridge's archive brings the request of an attempt once more. `replay-name` is of replays alone. */
const FromArchive = z.object({
  'detail-type': z.literal(DETAIL_TYPES.requested),
  'replay-name': z.string(),
  detail: DispatchRequested.pick({ version: true, eventId: true, dispatchId: true, attempt: true }),
});

/** What the function `replay` is called with. */
export const ReplayEvent = z.discriminatedUnion('detail-type', [Requested, FromArchive]);
export type ReplayEvent = z.infer<typeof ReplayEvent>;

/** Each of the archive's replays asks for an attempt of its own; the same event of it, delivered twice, for none. */
export function replayOf(event: ReplayEvent): Replay {
  const { eventId, dispatchId, attempt } = event.detail;
  const key = 'replay-name' in event ? `${eventId}/${event['replay-name']}` : eventId;
  return { dispatchId, attempt, key };
}
