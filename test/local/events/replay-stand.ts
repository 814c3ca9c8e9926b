import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeReplayCommand,
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type ReplayState,
  StartReplayCommand,
  type StartReplayCommandInput,
} from '@aws-sdk/client-eventbridge';
import { expect } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { createEventBridge } from '../../../local/events/events-service.ts';
import { bundleRuntime } from '../../../local/lambda/bundle-runtime.ts';
import { createLambda } from '../../../local/lambda/lambda-service.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { type Embedded, eventually, functionProperties, startEmbedded, writeCode } from '../lambda/embedded.ts';

export const ARN = 'arn:aws:events:us-east-1:000000000000';
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:Listener';
const LISTENER = `
import { appendFileSync } from 'node:fs';
export const handler = async (event) => appendFileSync(process.env.SEEN_FILE, JSON.stringify(event) + '\\n');`;

/** A bus `outpost` with an archive `kept` of it, and a function that notes down what the rules take to it. */
export interface ReplayStand {
  readonly embedded: Embedded;
  readonly lambda: AwsService;
  readonly events: AwsService;
  readonly client: EventBridgeClient;
  createRule(name: string, properties: object): Promise<void>;
  createArchive(name: string, properties?: object): Promise<void>;
  ready(): Promise<void>;
  put(...entries: PutEventsRequestEntry[]): Promise<string[]>;
  /** Starts a replay of `kept` on `outpost`, of all times unless told otherwise. */
  replay(ReplayName: string, more?: Partial<StartReplayCommandInput>): Promise<void>;
  reaches(ReplayName: string, state: ReplayState): Promise<void>;
  seen(): Record<string, unknown>[];
  stop(): Promise<void>;
  destroy(): Promise<void>;
}

export async function startReplayStand(folder?: string): Promise<ReplayStand> {
  const embedded = await startEmbedded(folder);
  embedded.add(await createLogs(embedded.aws));
  const runtimePath = await bundleRuntime(embedded.folder);
  const lambda = embedded.add(await createLambda(embedded.aws, { resolveCode: (_bucket, key) => key, runtimePath }));
  const events = embedded.add(await createEventBridge(embedded.aws));
  const config = clientConfig(embedded.aws, 'arn:aws:iam::000000000000:role/caller', 'test');
  const client = new EventBridgeClient({ ...config, maxAttempts: 1 });
  await createListener(embedded, lambda);
  await embedded.create(events, 'AWS::Events::EventBus', 'Bus', { Name: 'outpost' });
  const stand: Omit<ReplayStand, 'embedded' | 'lambda' | 'events' | 'client'> = {
    createRule: async (name, properties) => {
      const Targets = [{ Id: 'Target0', Arn: FUNCTION }];
      const rule = { Name: name, EventBusName: 'outpost', Targets, ...properties };
      await embedded.create(events, 'AWS::Events::Rule', name, rule);
    },
    createArchive: async (name, properties = {}) => {
      const archive = { ArchiveName: name, SourceArn: `${ARN}:event-bus/outpost`, ...properties };
      await embedded.create(events, 'AWS::Events::Archive', name, archive);
    },
    ready: async () => {
      await events.verify?.();
      await lambda.ready?.();
      await events.ready?.();
    },
    put: async (...Entries) => {
      const answer = await client.send(new PutEventsCommand({ Entries }));
      return (answer.Entries ?? []).map(({ EventId }) => EventId ?? '');
    },
    replay: async (ReplayName, more = {}) => {
      await client.send(new StartReplayCommand({ ...replayOf(ReplayName), ...more }));
    },
    reaches: (ReplayName, state) =>
      eventually(async () => {
        const replay = await client.send(new DescribeReplayCommand({ ReplayName }));
        expect(replay.State).toBe(state);
      }),
    seen: () => {
      const file = join(embedded.folder, 'seen');
      const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
      return lines.map((line) => JSON.parse(line));
    },
    stop: async () => {
      client.destroy();
      await embedded.stop();
    },
    destroy: async () => {
      client.destroy();
      await embedded.destroy();
    },
  };
  return { embedded, lambda, events, client, ...stand };
}

/** The input that replays all of `kept` on `outpost`. */
export function replayOf(ReplayName: string): StartReplayCommandInput {
  return {
    ReplayName,
    EventSourceArn: `${ARN}:archive/kept`,
    EventStartTime: new Date(0),
    EventEndTime: new Date('2100-01-01T00:00:00Z'),
    Destination: { Arn: `${ARN}:event-bus/outpost` },
  };
}

/** An event for `outpost`, of its own second, so that a test can tell one from another. */
export function entry(n: number, more: PutEventsRequestEntry = {}): PutEventsRequestEntry {
  return {
    Source: 'test',
    DetailType: 'Number',
    Detail: JSON.stringify({ n }),
    EventBusName: 'outpost',
    Time: new Date(Date.UTC(2026, 10, 21, 10, 0, n)),
    ...more,
  };
}

async function createListener(embedded: Embedded, lambda: AwsService): Promise<void> {
  const Environment = { Variables: { SEEN_FILE: join(embedded.folder, 'seen') } };
  const directory = writeCode(embedded.folder, 'Listener', LISTENER);
  const properties = functionProperties(directory, { FunctionName: 'Listener', Environment });
  await embedded.create(lambda, 'AWS::Lambda::Function', 'Listener', properties);
  const permission = { Action: 'lambda:InvokeFunction', FunctionName: FUNCTION, Principal: 'events.amazonaws.com' };
  await embedded.create(lambda, 'AWS::Lambda::Permission', 'Permission', permission);
}

/** The archive `kept`, and a rule for what is replayed from it. */
export async function createKeptAndReplayed({ createArchive, createRule }: ReplayStand): Promise<void> {
  await createArchive('kept');
  await createRule('Replayed', { EventPattern: { 'replay-name': [{ exists: true }] } });
}
