import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DescribeTasksCommand,
  ECSClient,
  RunTaskCommand,
  type RunTaskCommandInput,
  type Task,
} from '@aws-sdk/client-ecs';
import type { AwsEvent, AwsRequest, AwsService, LocalAws, ResourceValues } from '../../../local/aws-service.ts';
import { createEcs, type EcsOptions, type EcsService } from '../../../local/ecs/ecs-service.ts';
import { AwsError } from '../../../local/gateway/aws-error.ts';
import { type Gateway, startGateway } from '../../../local/gateway/gateway.ts';
import { jsonOperations } from '../../../local/gateway/json-service.ts';

export const LOG_GROUP = '/outpost/worker';
const ROLE = 'arn:aws:iam::000000000000:role';

/** What a task's state-change event says, as far as tests look at it. */
export interface TaskDetail {
  readonly taskArn: string;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  readonly version: number;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly containers: readonly { readonly name: string; readonly exitCode?: number; readonly lastStatus: string }[];
}

export interface StandOptions extends Partial<EcsOptions> {
  /** Data folder of an earlier stand. @default a new one, removed on close */
  readonly folder?: string;
  /** Awaited before each PutLogEvents is answered. */
  readonly onPut?: () => Promise<void>;
}

/** The embedded ECS behind a real gateway, with a log service that remembers, and images that are JS sources. */
export async function startStand(images: Readonly<Record<string, string>>, options: StandOptions = {}) {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'outpost-ecs-'));
  const gateway = await startGateway({ secretFile: join(folder, 'secret') });
  writeImages(folder, images);
  const heard: AwsEvent[] = [];
  const logged = new Map<string, string[]>();
  const lines: string[] = [];
  const aws = localAws(gateway, folder, heard, lines);
  const service = await createEcs(aws, {
    resolveImage: (uri) => imageOf(folder, uri, images),
    openPath: (prefix, handler) => gateway.openPath(prefix, handler),
    ...options,
  });
  gateway.register(service);
  gateway.register(logService(logged, options.onPut ?? (async () => {})));
  const { accessKeyId, secretAccessKey } = gateway.credentials(`${ROLE}/tester`, 'test');
  const ecs = new ECSClient({
    region: 'us-east-1',
    endpoint: gateway.endpoint,
    credentials: { accessKeyId, secretAccessKey },
  });
  return new Stand({ folder, gateway, heard, logged, lines, service, ecs, keep: options.folder !== undefined });
}

export class Stand {
  constructor(
    private readonly parts: {
      folder: string;
      gateway: Gateway;
      heard: AwsEvent[];
      logged: Map<string, string[]>;
      lines: string[];
      service: EcsService;
      ecs: ECSClient;
      keep: boolean;
    },
  ) {}

  get folder() {
    return this.parts.folder;
  }
  get service() {
    return this.parts.service;
  }
  get ecs() {
    return this.parts.ecs;
  }
  get endpoint() {
    return this.parts.gateway.endpoint;
  }
  /** The operator's log. */
  get lines() {
    return this.parts.lines;
  }
  get events(): readonly TaskDetail[] {
    return this.parts.heard.map(({ detail }) => detail as TaskDetail);
  }
  get rawEvents(): readonly AwsEvent[] {
    return this.parts.heard;
  }

  async create(type: string, logicalId: string, properties: Record<string, unknown>): Promise<ResourceValues> {
    const make = this.service.resources[type];
    if (!make) throw new Error(`No creator for ${type}`);
    return await make({ logicalId, type, properties });
  }

  /** Creates the cluster `main` and a task definition of one container, `worker`. */
  async define(container: Record<string, unknown> = {}, definition: Record<string, unknown> = {}): Promise<string> {
    await this.create('AWS::ECS::Cluster', 'Cluster', { ClusterName: 'main' });
    const values = await this.create('AWS::ECS::TaskDefinition', 'Definition', {
      Family: 'worker',
      Cpu: '256',
      Memory: '512',
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['FARGATE'],
      TaskRoleArn: `${ROLE}/task`,
      ExecutionRoleArn: `${ROLE}/execution`,
      ContainerDefinitions: [{ Name: 'worker', Image: 'app', ...container }],
      ...definition,
    });
    await this.service.ready?.();
    return values.ref;
  }

  async run(input: Partial<RunTaskCommandInput> = {}): Promise<Task> {
    const { tasks } = await this.ecs.send(new RunTaskCommand({ ...launch, ...input }));
    const [task] = tasks ?? [];
    if (!task) throw new Error('RunTask has started nothing.');
    return task;
  }

  async describe(task: Task): Promise<Task> {
    const input = { cluster: 'main', tasks: [task.taskArn ?? ''] };
    const { tasks } = await this.ecs.send(new DescribeTasksCommand(input));
    const [found] = tasks ?? [];
    if (!found) throw new Error(`${task.taskArn} is unknown.`);
    return found;
  }

  eventsOf(task: Task): readonly TaskDetail[] {
    return this.events.filter(({ taskArn }) => taskArn === task.taskArn);
  }

  /** Waits for the event with which a task enters a status. */
  async until(task: Task, status: string): Promise<TaskDetail> {
    const find = () => this.eventsOf(task).find(({ lastStatus }) => lastStatus === status);
    return await waitFor(`${task.taskArn} to be ${status}`, find);
  }

  logOf(task: Task, container = 'worker', prefix = 'agent'): readonly string[] {
    return this.parts.logged.get(`${prefix}/${container}/${idOf(task)}`) ?? [];
  }

  async close(): Promise<void> {
    await this.service.close();
    this.ecs.destroy();
    await this.parts.gateway.close();
    if (!this.parts.keep) rmSync(this.folder, { recursive: true, force: true });
  }
}

export const launch: RunTaskCommandInput = {
  cluster: 'main',
  taskDefinition: 'worker',
  launchType: 'FARGATE',
  networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
};

export const awslogs = {
  LogDriver: 'awslogs',
  Options: { 'awslogs-group': LOG_GROUP, 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'agent' },
};

export function idOf(task: Task): string {
  return (task.taskArn ?? '').slice(-32);
}

/** Waits until `find` yields something. */
export async function waitFor<Value>(what: string, find: () => Value | undefined, timeout = 15_000): Promise<Value> {
  const end = Date.now() + timeout;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}.`);
    await delay(5);
  }
}

/** Whether a process runs; one that is dead and only not yet buried by its parent does not. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

function localAws(gateway: Gateway, folder: string, heard: AwsEvent[], lines: string[]): LocalAws {
  return {
    region: 'us-east-1',
    accountId: '000000000000',
    folder(service) {
      const path = join(folder, service);
      mkdirSync(path, { recursive: true });
      return path;
    },
    endpoint: () => gateway.endpoint,
    credentials: (roleArn, sessionName) => gateway.credentials(roleArn, sessionName),
    publish: (event) => void heard.push(structuredClone(event)),
    onEvent: () => () => {},
    log: (line) => void lines.push(line),
  };
}

function writeImages(folder: string, images: Readonly<Record<string, string>>): void {
  for (const [uri, source] of Object.entries(images)) {
    mkdirSync(join(folder, 'images', uri), { recursive: true });
    writeFileSync(join(folder, 'images', uri, 'main.mjs'), source);
  }
}

function imageOf(folder: string, uri: string, images: Readonly<Record<string, string>>) {
  if (images[uri] === undefined) throw new Error('not found');
  const directory = join(folder, 'images', uri);
  return { command: [process.execPath, 'main.mjs'], directory, env: { IMAGE: uri, WORKSPACE_DIR: '/workspace' } };
}

function logService(logged: Map<string, string[]>, onPut: () => Promise<void>): AwsService {
  const stream = (input: { logGroupName: string; logStreamName: string }) => {
    const exists = input.logGroupName === LOG_GROUP && logged.has(input.logStreamName);
    if (!exists) throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
    return logged.get(input.logStreamName) ?? [];
  };
  const handle = jsonOperations({
    CreateLogStream: ({ logGroupName, logStreamName }) => {
      if (logGroupName !== LOG_GROUP) {
        throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
      }
      logged.set(logStreamName, []);
      return {};
    },
    PutLogEvents: async (input) => {
      await onPut();
      for (const { message } of input.logEvents) stream(input).push(message);
      return {};
    },
  });
  return {
    signingName: 'logs',
    resources: {},
    handle: (request: AwsRequest) => handle(request),
    close: async () => {},
  };
}
