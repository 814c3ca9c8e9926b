import { EventBridgeClient, type PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { expect, it, vi } from 'vitest';
import { SlotClaimed, SlotMissed } from '../../core/events.ts';
import { EventPublisher } from '../../lambdas/shared/event-publisher.ts';
import { aSlot, DISPATCH_ID } from './records.ts';

it('publishes claims and misses on the bus, each under its name', async () => {
  const send = vi.fn(async (_: PutEventsCommand) => ({ Entries: [{ EventId: 'e' }] }));
  const publisher = new EventPublisher(Object.assign(new EventBridgeClient({}), { send }), 'outpost');
  const common = { version: '1', eventId: 'e', dispatchId: DISPATCH_ID, attempt: 1, agent: 'shell' } as const;
  const [claimed, missed] = [
    { ...common, slotId: aSlot().slotId },
    { ...common, reason: 'none-warm' },
  ] as const;

  await publisher.slotClaimed(claimed);
  await publisher.slotMissed(missed);

  const entries = send.mock.calls.flatMap(([{ input }]) => input.Entries ?? []);
  expect(entries.map(({ EventBusName, Source, DetailType }) => [EventBusName, Source, DetailType])).toEqual([
    ['outpost', 'outpost', 'Slot Claimed'],
    ['outpost', 'outpost', 'Slot Missed'],
  ]);
  const [first, second] = entries.map(({ Detail = '' }) => JSON.parse(Detail));
  expect([SlotClaimed.parse(first), SlotMissed.parse(second)]).toEqual([claimed, missed]);
});
