import {
  CancelReplayCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  EventBridgeClient,
  ListArchivesCommand,
  ListReplaysCommand,
  StartReplayCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientOptions, type IamInTest, openIam } from '../iam/iam-in-test.ts';
import { ARN, replayOf } from './replay-stand.ts';

const ARCHIVE = `${ARN}:archive/kept`;
const BUS = `${ARN}:event-bus/outpost`;
const REPLAY = `${ARN}:replay/again`;
let iam: IamInTest;
let roles = 0;

beforeAll(async () => {
  iam = await openIam();
});
afterAll(() => iam.close());

type Call = (client: EventBridgeClient) => Promise<unknown>;
const start: Call = (client) => client.send(new StartReplayCommand(replayOf('again')));

async function callAs(options: ClientOptions, call: Call): Promise<unknown> {
  const client = new EventBridgeClient(options);
  try {
    return await call(client);
  } finally {
    client.destroy();
  }
}

function roleWith(action: string, Resource: readonly string[]): Promise<ClientOptions> {
  roles += 1;
  return iam.role(`role-${roles}`, Resource.length > 0 ? [{ Effect: 'Allow', Action: action, Resource }] : []);
}

describe('the permission that a request needs', () => {
  it.each<[string, string, Call]>([
    ['events:DescribeReplay', REPLAY, (client) => client.send(new DescribeReplayCommand({ ReplayName: 'again' }))],
    ['events:CancelReplay', REPLAY, (client) => client.send(new CancelReplayCommand({ ReplayName: 'again' }))],
    ['events:DescribeArchive', ARCHIVE, (client) => client.send(new DescribeArchiveCommand({ ArchiveName: 'kept' }))],
    ['events:ListReplays', '*', (client) => client.send(new ListReplaysCommand({}))],
    ['events:ListArchives', '*', (client) => client.send(new ListArchivesCommand({}))],
  ])('is %s on %s', async (action, resource, call) => {
    const allowed = await roleWith(action, [resource]);
    const nobody = await roleWith(action, []);

    await expect(callAs(allowed, call)).resolves.toBeDefined();
    await expect(callAs(nobody, call)).rejects.toThrow(`not authorized to perform: ${action} on resource: ${resource}`);
  });

  it.each([ARCHIVE, BUS, REPLAY])(
    'to start a replay is on archive, bus and replay: not without %s',
    async (missing) => {
      const all = [ARCHIVE, BUS, REPLAY];
      const allowed = await roleWith('events:StartReplay', all);
      const partly = await roleWith(
        'events:StartReplay',
        all.filter((resource) => resource !== missing),
      );

      await expect(callAs(allowed, start)).resolves.toBeDefined();
      await expect(callAs(partly, start)).rejects.toThrow(
        `not authorized to perform: events:StartReplay on resource: ${missing}`,
      );
    },
  );
});
