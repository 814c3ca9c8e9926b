import { EventBridgeClient, PutEventsCommand, StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { DETAIL_TYPES } from '../../../core/events.ts';
import { ACCOUNT_ID } from '../../../local/embedded-aws.ts';
import type { HostileOutpost } from '../hostile-outpost.ts';

/** Begins the names of the replays. */
export const ARCHIVE_REPLAY = 'chaos';

/** Publishes `Dispatch Replay Requested`. */
export async function requestReplay(
  outpost: HostileOutpost,
  dispatchId: string,
  attempt: number,
  eventId: string,
): Promise<void> {
  const { operator, outputs } = await outpost.up();
  const entry = {
    EventBusName: outputs['EventBusName'],
    Source: 'chaos',
    DetailType: DETAIL_TYPES.replayRequested,
    Detail: JSON.stringify({ version: '1', eventId, dispatchId, attempt }),
  };
  const client = new EventBridgeClient(operator);
  await unlessKilled(client.send(new PutEventsCommand({ Entries: [entry] })));
  client.destroy();
}

/** Replays what the archive kept between two times, milliseconds since the epoch, from the whole second before to the one after. */
export async function replayArchive(outpost: HostileOutpost, name: string, from: number, until: number): Promise<void> {
  const { operator, outputs } = await outpost.up();
  const arn = (resource: string) => `arn:aws:events:${operator.region}:${ACCOUNT_ID}:${resource}`;
  const bus = outputs['EventBusName'];
  const command = new StartReplayCommand({
    ReplayName: `${ARCHIVE_REPLAY}-${name}`,
    EventSourceArn: arn(`archive/${bus}-dispatches`),
    EventStartTime: new Date(Math.floor(from / 1000) * 1000),
    EventEndTime: new Date(Math.ceil(until / 1000) * 1000),
    Destination: { Arn: arn(`event-bus/${bus}`) },
  });
  const client = new EventBridgeClient(operator);
  await unlessKilled(client.send(command));
  client.destroy();
}

/** Nobody is promised anything whose request was cut by a kill. */
export async function unlessKilled(asking: Promise<unknown>): Promise<void> {
  await asking.catch((error: { $metadata?: { httpStatusCode?: number } }) => {
    if (error.$metadata?.httpStatusCode !== undefined) throw error;
  });
}
