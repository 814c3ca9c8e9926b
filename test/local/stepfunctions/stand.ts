import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { AwsEvent, AwsRequest, AwsResponse, AwsService, LocalAws } from '../../../local/aws-service.ts';
import { asAwsError } from '../../../local/gateway/aws-error.ts';
import { type Gateway, startGateway } from '../../../local/gateway/gateway.ts';
import { jsonError } from '../../../local/gateway/json-service.ts';
import { createStepFunctions } from '../../../local/stepfunctions/stepfunctions-service.ts';

/** States with one Task. */
export function task(Resource: string, Arguments: unknown, others: object = {}) {
  return { StartAt: 'T', States: { T: { Type: 'Task', Resource, Arguments, End: true, ...others } } };
}

/** One request that a Task made, and who made it. */
export interface ServiceCall {
  readonly service: string;
  /** `UpdateItem`, or method and path where a service has no targets. */
  readonly operation: string;
  readonly input: unknown;
  readonly roleArn: string;
  readonly sessionName: string;
}

/** Answers a request: a value as JSON, or a whole response. Throws an AwsError to refuse. */
export type Answer = (call: ServiceCall) => unknown;

/** Step Functions behind a gateway, between a bus and services that answer what the test says. */
export class Stand {
  readonly calls: ServiceCall[] = [];
  readonly events: AwsEvent[] = [];
  readonly #answers = new Map<string, Answer>();
  readonly #listeners = new Set<(event: AwsEvent) => void>();

  private constructor(
    readonly folder: string,
    readonly gateway: Gateway,
    readonly client: SFNClient,
  ) {}

  #service: AwsService | undefined;

  get service(): AwsService {
    if (!this.#service) throw new Error('The stand has not been started.');
    return this.#service;
  }

  static async start(folder = mkdtempSync(join(tmpdir(), 'stepfunctions-'))): Promise<Stand> {
    const gateway = await startGateway({ secretFile: join(folder, 'secret') });
    const { accessKeyId, secretAccessKey } = gateway.credentials('arn:aws:iam::000000000000:role/tester', 'test');
    const client = new SFNClient({
      region: 'us-east-1',
      endpoint: gateway.endpoint,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    });
    const stand = new Stand(folder, gateway, client);
    for (const name of ['dynamodb', 'ecs', 'events', 'lambda', 's3']) gateway.register(stand.#scripted(name));
    stand.#service = await createStepFunctions(stand.#aws());
    gateway.register(stand.service);
    return stand;
  }

  /** Stops everything and keeps the data, for the next `Stand.start(folder)`. */
  async stop(): Promise<void> {
    await this.service.close();
    this.client.destroy();
    await this.gateway.close();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  answer(service: string, operation: string, answer: Answer): void {
    this.#answers.set(`${service} ${operation}`, answer);
  }

  /** Puts an event on the bus, as another service does. */
  publish(event: AwsEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async create(definition: unknown, properties: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const create = this.service.resources['AWS::StepFunctions::StateMachine'];
    const values = await create?.({
      logicalId: 'Machine',
      type: 'AWS::StepFunctions::StateMachine',
      properties: {
        DefinitionString: JSON.stringify({ QueryLanguage: 'JSONata', ...(definition as object) }),
        RoleArn: 'arn:aws:iam::000000000000:role/machine',
        ...properties,
      },
    });
    return values?.ref ?? '';
  }

  async startExecution(stateMachineArn: string, input: unknown = {}, name?: string): Promise<string> {
    const command = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), name });
    const { executionArn = '' } = await this.client.send(command);
    return executionArn;
  }

  /** Runs an execution to its end, whatever that is. */
  async run(stateMachineArn: string, input: unknown = {}) {
    const executionArn = await this.startExecution(stateMachineArn, input);
    return this.ended(executionArn);
  }

  async ended(executionArn: string) {
    await this.until(() => this.statuses(executionArn).some((status) => status !== 'RUNNING'));
    return this.client.send(new DescribeExecutionCommand({ executionArn }));
  }

  /** The statuses that the bus heard of an execution. */
  statuses(executionArn: string): readonly string[] {
    const details = this.events.map(({ detail }) => detail as { executionArn?: string; status: string });
    return details.filter((detail) => detail.executionArn === executionArn).map(({ status }) => status);
  }

  async history(executionArn: string): Promise<readonly HistoryEvent[]> {
    const { events = [] } = await this.client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
    return events;
  }

  /** Waits for a condition. @throws Error after 15 seconds */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const end = Date.now() + 15_000;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error('The condition did not come true.');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #aws(): LocalAws {
    return {
      region: 'us-east-1',
      accountId: '000000000000',
      folder: (service) => {
        const folder = join(this.folder, service);
        mkdirSync(folder, { recursive: true });
        return folder;
      },
      endpoint: () => this.gateway.endpoint,
      credentials: (roleArn, sessionName) => this.gateway.credentials(roleArn, sessionName),
      publish: (event) => {
        this.events.push(event);
        this.publish(event);
      },
      onEvent: (listener) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
      log: () => {},
    };
  }

  #scripted(signingName: string): AwsService {
    return {
      signingName,
      resources: {},
      handle: (request) => this.#handle(request).catch((error: unknown) => jsonError(asAwsError(error))),
      close: async () => {},
    };
  }

  async #handle(request: AwsRequest): Promise<AwsResponse> {
    const target = request.headers['x-amz-target'];
    const operation = typeof target === 'string' ? target.slice(target.indexOf('.') + 1) : request.path;
    const body = (await request.readBody()).toString('utf8');
    const input: unknown = body === '' ? undefined : JSON.parse(body);
    const { roleArn, sessionName } = request.caller;
    const call = { service: request.service, operation, input, roleArn, sessionName };
    this.calls.push(call);
    const answer = this.#answers.get(`${request.service} ${operation}`);
    if (!answer) throw new Error(`The test has no answer to ${request.service} ${operation}.`);
    const answered = await answer(call);
    if (isResponse(answered)) return answered;
    return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(answered) };
  }
}

function isResponse(value: unknown): value is AwsResponse {
  return typeof value === 'object' && value !== null && 'status' in value && 'body' in value;
}
