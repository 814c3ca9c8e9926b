import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import type { Checkpoint } from '../../core/manifest.ts';
import { ArtifactStore } from '../../lambdas/shared/artifact-store.ts';
import { DispatchStore } from '../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { EventPublisher } from '../../lambdas/shared/event-publisher.ts';
import { setClockLead } from '../../local/faults/clock-lead.ts';
import type { FaultRates, FaultSettings } from '../../local/faults/fault-settings.ts';
import { type PublishedEvent, readArchive } from '../chaos/evidence/journals.ts';
import { bootHarness, commandLineOf, eventually, type Harness, processesMentioning } from './harness.ts';

const REGION = 'us-east-1:000000000000';

/** Outpost under faults, and the hands by which a test brings about what faults do not, or repairs before its time. */
export interface Hands extends Harness {
  record(id: string): Promise<DispatchRecord>;
  /** The record once something holds of it. */
  recordWhen(id: string, until: (record: DispatchRecord) => boolean, withinMs?: number): Promise<DispatchRecord>;
  /** Posts a task that says when it has begun, and waits for that. */
  longTask(): Promise<string>;
  /** Stops an execution as somebody does in the console. */
  stopExecution(id: string): Promise<void>;
  /** How the attempt's execution is, in Step Functions' words. */
  executionStatus(id: string, attempt?: number): Promise<string>;
  /** The attempt's last checkpoint, once it has this file. */
  checkpointOf(id: string, path: string): Promise<Checkpoint>;
  /** Puts a checkpoint together by the commands that the API's documentation gives. Answers the folder. */
  putTogether(id: string): Promise<string>;
  /** Calls a function, as its trigger does, and waits for its answer. */
  invoke(name: string, event: object): Promise<unknown>;
  /** Publishes the event that asks for another attempt. */
  askForReplay(id: string, attempt: number): Promise<void>;
  /** Sweeps as it would be so many seconds later. */
  sweepLater(seconds: number): Promise<void>;
  /** What the bus got of a dispatch. */
  published(id: string, detailType: string): Promise<PublishedEvent[]>;
  /** The body of a message of a function's dead letters that names a dispatch, once there is one. */
  deadLetter(name: string, id: string): Promise<string>;
}

export const LONG_TASK = 'echo some > part.txt; echo begun; sleep 300';

export async function bootWithHands(rates: FaultRates = {}, settings: Partial<FaultSettings> = {}): Promise<Hands> {
  const harness = await bootHarness({ checkpointSeconds: '1', faults: { seed: 1, ...settings, rates } });
  const { operator } = harness.outpost.aws;
  const clients = {
    dispatches: new DispatchStore(documentClient(new DynamoDBClient(operator)), 'outpost-dispatches'),
    sfn: new SFNClient(operator),
    lambda: new LambdaClient(operator),
    artifacts: new ArtifactStore(new S3Client(operator), harness.outpost.aws.output('ArtifactsBucket')),
    sqs: new SQSClient(operator),
    events: new EventPublisher(new EventBridgeClient(operator), 'outpost'),
  };
  const invoke = invoker(clients.lambda);
  let sweeps = Promise.resolve();
  const sweepLater = async (seconds: number) => {
    setClockLead(harness.folder, 'outpost-sweep', seconds * 1000);
    // A thread that runs looks at its clock ten times a second.
    await eventually(async () => performance.now(), after(150), 1_000);
    await invoke('sweep', { 'detail-type': 'Scheduled Event' }).finally(() =>
      setClockLead(harness.folder, 'outpost-sweep', 0),
    );
  };
  return {
    ...harness,
    ...records(harness, clients.dispatches),
    ...executions(clients.sfn),
    invoke,
    checkpointOf: async (dispatchId, path) => {
      const index = await eventually(
        () => clients.artifacts.getCheckpoint({ dispatchId, attempt: 1 }),
        (found) => found?.valid === true && found.content.files.some((file) => file.path === path),
        20_000,
      );
      if (!index?.valid || index.content.checkpoint === undefined) throw new Error(`${dispatchId} has no checkpoint.`);
      return index.content.checkpoint;
    },
    putTogether: async (dispatchId) => {
      const cwd = join(harness.folder, 'downloads', dispatchId);
      mkdirSync(cwd, { recursive: true });
      const { baseUrl, apiKey } = harness.outpost.connection;
      const env = { ...process.env, BASE_URL: baseUrl, API_KEY: apiKey, ID: dispatchId };
      await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', documented('> output.json')], { cwd, env });
      return join(cwd, 'workspace');
    },
    askForReplay: (dispatchId, attempt) =>
      clients.events.replayRequested({ version: '1', eventId: `asked-${dispatchId}`, dispatchId, attempt }),
    // One after the other: who is done puts the clock right again.
    sweepLater: (seconds) => {
      const sweep = sweeps.then(() => sweepLater(seconds));
      sweeps = sweep.catch(() => undefined);
      return sweep;
    },
    published: async (id, detailType) => {
      const events = await readArchive(harness.folder);
      return events.filter((event) => event.detailType === detailType && event.detail.dispatchId === id);
    },
    deadLetter: async (name, id) => {
      const QueueUrl = `${operator.endpoint}/000000000000/outpost-${name}-dead-letters`;
      const receive = () => clients.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      const find = async () => (await receive()).Messages?.find(({ Body }) => Body?.includes(id))?.Body;
      const body = await eventually(find, (found) => found !== undefined, 30_000);
      return body ?? '';
    },
  };
}

/** The commands in the API's documentation that hold these words. */
function documented(words: string): string {
  const page = readFileSync(new URL('../../docs/API.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, commands = '']) => commands);
  return blocks.find((commands) => commands.includes(words)) ?? 'exit 1';
}

function after(milliseconds: number): (now: number) => boolean {
  const begun = performance.now();
  return (now) => now - begun >= milliseconds;
}

function records(harness: Harness, dispatches: DispatchStore): Pick<Hands, 'record' | 'recordWhen' | 'longTask'> {
  const recordWhen: Hands['recordWhen'] = async (id, until, withinMs = 40_000) => {
    const record = await eventually(
      () => dispatches.get(id),
      (found) => found !== undefined && until(found),
      withinMs,
    );
    if (!record) throw new Error(`There is no record of ${id}.`);
    return record;
  };
  return {
    recordWhen,
    record: (id) => recordWhen(id, () => true),
    longTask: async () => {
      const id = await harness.shell(LONG_TASK);
      await eventually(
        () => harness.call('GET', `/dispatch/${id}?logs=5`),
        ({ body }) => body.data.logs.lines.some(({ message }: { message: string }) => message === 'begun'),
        40_000,
      );
      return id;
    },
  };
}

function executions(sfn: SFNClient): Pick<Hands, 'stopExecution' | 'executionStatus'> {
  return {
    stopExecution: async (id) => {
      await sfn.send(
        new StopExecutionCommand({ executionArn: executionArn(id, 1), error: 'Stopped', cause: 'by hand' }),
      );
    },
    executionStatus: async (id, attempt = 1) => {
      try {
        const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn: executionArn(id, attempt) }));
        return status ?? '';
      } catch (error) {
        if ((error as Error).name === 'ExecutionDoesNotExist') return 'absent';
        throw error;
      }
    },
  };
}

function executionArn(id: string, attempt: number): string {
  return `arn:aws:states:${REGION}:execution:outpost-dispatch:${id}-${attempt}`;
}

/** Step Functions' event about the end of an attempt's execution. */
export function executionEnded(id: string, status: string, attempt = 1): object {
  const name = `${id}-${attempt}`;
  return {
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    detail: { executionArn: executionArn(id, attempt), name, status, error: null, cause: null },
  };
}

/** ECS's event about the end of an attempt's ECS task. */
export function taskStopped({ dispatchId, attempt, taskArn }: DispatchRecord): object {
  const environment = [
    { name: 'DISPATCH_ID', value: dispatchId },
    { name: 'ATTEMPT', value: String(attempt) },
  ];
  return {
    source: 'aws.ecs',
    'detail-type': 'ECS Task State Change',
    detail: {
      taskArn,
      clusterArn: `arn:aws:ecs:${REGION}:cluster/outpost`,
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      overrides: { containerOverrides: [{ name: 'worker', environment }] },
      containers: [{ name: 'worker', exitCode: 1 }],
    },
  };
}

function invoker(client: LambdaClient): Hands['invoke'] {
  return async (name, event) => {
    const answer = await client.send(
      new InvokeCommand({ FunctionName: `outpost-${name}`, Payload: JSON.stringify(event) }),
    );
    const text = Buffer.from(answer.Payload ?? []).toString('utf8');
    if (answer.FunctionError) throw new Error(`${name} failed: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
}

/** Kills the worker of an attempt as a host that is gone does: it hears of nothing. */
export function killWorker(id: string): void {
  const pids = processesMentioning(`DISPATCH_ID=${id}`);
  const worker = pids.find((pid) => commandLineOf(pid).includes('main.mjs'));
  if (!worker) throw new Error(`No worker runs ${id}.`);
  process.kill(Number(worker), 'SIGKILL');
}
