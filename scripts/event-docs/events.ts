import type { z } from 'zod';
import {
  DETAIL_TYPES,
  DispatchEnded,
  DispatchReplayRequested,
  DispatchRequested,
  SlotClaimed,
  SlotMissed,
} from '../../core/events.ts';

/** An event of Outpost's bus, as its page describes it. */
export interface DescribedEvent {
  readonly detailType: string;
  readonly schema: z.ZodObject;
  /** Who publishes it, and who hears of it within Outpost. */
  readonly from: string;
  readonly heardBy: string;
  /** A detail, as it may come. */
  readonly example: Readonly<Record<string, unknown>>;
  /** What else there is to say, in Markdown. */
  readonly more?: string;
}

const DISPATCH_ID = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';
const SLOT_ID = '01J9ZK5C0D2E4F6G8H0J2K4M6N';
const of = (what: string) => ({
  version: '1',
  eventId: `${DISPATCH_ID}-1-${what}`,
  dispatchId: DISPATCH_ID,
  attempt: 1,
  agent: 'shell',
});

const ASKING = `\`replay\` does nothing where the attempt is not current, has not ended, or was followed for this \`eventId\` before; nor
where what it was to do is not kept any more (30 days), or the tenant is suspended. Where the tenant has no place left it
tries three times, and leaves the event in \`<prefix>-replay-dead-letters\`. The metric \`DispatchReplayed\` counts by
\`answer\` what became of it. By hand, with the prefix, the dispatch and its attempt:

\`\`\`bash
ENTRIES=$(node -p 'const [EventBusName, dispatchId, attempt] = process.argv.slice(1)
  const Detail = JSON.stringify({ version: "1", eventId: "by-hand-1", dispatchId, attempt: Number(attempt) })
  JSON.stringify([{ EventBusName, Source: "outpost", DetailType: "Dispatch Replay Requested", Detail }])' $P $ID $N)
aws events put-events --entries "$ENTRIES"
\`\`\``;

export const EVENTS: readonly DescribedEvent[] = [
  {
    detailType: DETAIL_TYPES.requested,
    schema: DispatchRequested,
    from: '`api` for the first attempt; `api` or `replay` for one that follows',
    heardBy: '`replay`, and only where a replay of the archive brings it',
    example: { ...of('requested'), tenantId: 'my-team', requestedAt: '2026-03-01T12:00:00.000Z' },
  },
  {
    detailType: DETAIL_TYPES.ended,
    schema: DispatchEnded,
    from: '`record-outcome` or `settle`; `sweep` or a replay where these could not',
    heardBy: 'nobody within Outpost',
    example: {
      ...of('ended'),
      agent: 'claude',
      tenantId: 'my-team',
      status: 'FAILED',
      exitCode: 2,
      reason: 'The agent exited with code 2.',
      startedAt: '2026-03-01T12:00:01.000Z',
      endedAt: '2026-03-01T12:04:07.000Z',
      output: { outputKey: `dispatches/${DISPATCH_ID}/1/`, fileCount: 3, totalBytes: 4711 },
      usage: {
        inputTokens: 48_120,
        outputTokens: 1_930,
        cachedInputTokens: 40_400,
        costUsd: 0.071,
        turns: 6,
        model: 'claude-sonnet-4-5',
      },
    },
  },
  {
    detailType: DETAIL_TYPES.replayRequested,
    schema: DispatchReplayRequested,
    from: 'whoever wants a replay; `npm run replay`',
    heardBy: '`replay`',
    example: { version: '1', eventId: 'incident-4711/1', dispatchId: DISPATCH_ID, attempt: 1 },
    more: ASKING,
  },
  {
    detailType: DETAIL_TYPES.slotClaimed,
    schema: SlotClaimed,
    from: '`claim-slot`',
    heardBy: '`manage-pool`, but not from the archive',
    example: { ...of('slot-claimed'), slotId: SLOT_ID },
  },
  {
    detailType: DETAIL_TYPES.slotMissed,
    schema: SlotMissed,
    from: '`claim-slot`',
    heardBy: '`manage-pool`, but not from the archive',
    example: { ...of('slot-missed'), reason: 'none-warm' },
  },
];
