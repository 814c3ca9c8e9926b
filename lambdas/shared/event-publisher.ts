import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  DETAIL_TYPES,
  type DispatchEnded,
  type DispatchReplayRequested,
  type DispatchRequested,
  EVENT_SOURCE,
  type SlotClaimed,
  type SlotMissed,
} from '../../core/events.ts';

/** EventBridge took the call but not the event. */
export class EventRejectedError extends Error {
  override readonly name = 'EventRejectedError';

  constructor(
    readonly detailType: string,
    readonly errorCode: string,
    message: string,
  ) {
    super(`EventBridge refused '${detailType}': ${errorCode}: ${message}`);
  }
}

/** Publishes Outpost's events. PutEvents answers 200 even where it refuses an entry, so every entry is looked at. */
export class EventPublisher {
  constructor(
    private readonly client: EventBridgeClient,
    private readonly eventBusName: string,
  ) {}

  async requested(detail: DispatchRequested): Promise<void> {
    await this.publish(DETAIL_TYPES.requested, detail);
  }

  async ended(detail: DispatchEnded): Promise<void> {
    await this.publish(DETAIL_TYPES.ended, detail);
  }

  async replayRequested(detail: DispatchReplayRequested): Promise<void> {
    await this.publish(DETAIL_TYPES.replayRequested, detail);
  }

  async slotClaimed(detail: SlotClaimed): Promise<void> {
    await this.publish(DETAIL_TYPES.slotClaimed, detail);
  }

  async slotMissed(detail: SlotMissed): Promise<void> {
    await this.publish(DETAIL_TYPES.slotMissed, detail);
  }

  private async publish(detailType: string, detail: object): Promise<void> {
    const { Entries = [] } = await this.client.send(
      new PutEventsCommand({
        Entries: [
          {
            EventBusName: this.eventBusName,
            Source: EVENT_SOURCE,
            DetailType: detailType,
            Detail: JSON.stringify(detail),
          },
        ],
      }),
    );
    const refused = Entries.find((entry) => entry.ErrorCode !== undefined);
    if (refused) throw new EventRejectedError(detailType, refused.ErrorCode ?? '', refused.ErrorMessage ?? '');
  }
}
