import {
  GetItemCommand,
  type GetItemCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../../local/gateway/aws-error.ts';
import type { IntegrationResource } from '../../../local/stepfunctions/asl/resource.ts';
import { LaneAborted, StateError } from '../../../local/stepfunctions/engine/state-error.ts';
import type { TaskCall, TaskReply, TaskRunner } from '../../../local/stepfunctions/engine/task-runner.ts';
import { type Json, type JsonObject, JsonText } from '../../../local/stepfunctions/json.ts';
import { inPascalCase } from './simulated-ecs.ts';
import type { WorldGround } from './world-ground.ts';

/** The functions that states invoke, by their names. */
export type Functions = Readonly<Record<string, (payload: unknown) => Promise<unknown>>>;

/** What the states of both state machines call, in one process. Each Task is a step at which a test can step in. */
export class WorldTasks implements TaskRunner {
  readonly #ground: WorldGround;
  readonly #functions: Functions;

  constructor(ground: WorldGround, functions: Functions) {
    this.#ground = ground;
    this.#functions = functions;
  }

  async run(call: TaskCall): Promise<TaskReply> {
    const { resource, taskToken } = call;
    if (resource.kind === 'function') throw new Error('The state machines name no function as a resource.');
    const { points, tokens } = this.#ground;
    const completion = taskToken && tokens.wait(taskToken, call.heartbeatSeconds, call.signal);
    if (completion) completion.catch(() => {});
    const reply = await points.step(call.stateName, () => this.#perform(call, resource));
    return { ...reply, ...(completion && { completion }) };
  }

  async #perform(call: TaskCall, resource: IntegrationResource): Promise<TaskReply> {
    const input = call.arguments.value as JsonObject;
    switch (`${resource.service}:${resource.action}`) {
      case 'lambda:invoke':
        return answered({ Payload: await this.#invoke(input) });
      case 'dynamodb:updateItem':
      case 'dynamodb:getItem':
        return answered(await this.#callDynamoDb(resource, input));
      case 'ecs:runTask':
        return this.#runTask(input, call.signal);
      case 'ecs:stopTask':
        this.#ground.ecs.stopTask(String(input['Task']), String(input['Reason']));
        return answered({});
      case 'ecs:describeTasks':
        return answered(this.#describeTasks(input['Tasks'] as readonly string[]));
      case 'sfn:sendTaskSuccess':
        return answered(this.#sendTaskSuccess(String(input['TaskToken']), String(input['Output'])));
      default:
        throw new Error(`This world has no ${resource.resourceType}:${resource.resource}.`);
    }
  }

  async #invoke({ FunctionName, Payload }: JsonObject): Promise<unknown> {
    const name = /:function:outpost-(.*)$/.exec(String(FunctionName))?.[1] ?? '';
    const handler = this.#functions[name];
    if (!handler) throw new Error(`This world has no function ${name}.`);
    try {
      return await handler(JSON.parse(JSON.stringify(Payload)));
    } catch (error) {
      const { name: errorType, message } = error as Error;
      throw new StateError(errorType, JSON.stringify({ errorType, errorMessage: message }));
    }
  }

  async #callDynamoDb({ action, style }: IntegrationResource, input: JsonObject): Promise<unknown> {
    const { client } = this.#ground.dynamoDb;
    try {
      if (action === 'getItem') return await client.send(new GetItemCommand(input as unknown as GetItemCommandInput));
      return await client.send(new UpdateItemCommand(this.#dated(input) as unknown as UpdateItemCommandInput));
    } catch (error) {
      const { name, message } = error as Error;
      const known = name.endsWith('Exception') ? name : 'SdkClientException';
      throw new StateError(`${style === 'sdk' ? 'DynamoDb' : 'DynamoDB'}.${known}`, message);
    }
  }

  /** `$now()` is the machine's time, and what is stored is to be the world's. */
  #dated(input: JsonObject): JsonObject {
    const values = input['ExpressionAttributeValues'] as JsonObject;
    const now = { S: this.#ground.clock.date().toISOString() };
    return { ...input, ExpressionAttributeValues: { ...values, ...(':now' in values && { ':now': now }) } };
  }

  #runTask({ TaskDefinition, Overrides }: JsonObject, signal: AbortSignal): TaskReply {
    const { ecs } = this.#ground;
    const [container] = (
      Overrides as unknown as { ContainerOverrides: [{ Environment: { Name: string; Value: string }[] }] }
    ).ContainerOverrides;
    const environment = Object.fromEntries(container.Environment.map(({ Name, Value }) => [Name, Value]));
    const task = ecs.run(String(TaskDefinition), environment);
    const stop = () => {
      if (signal.reason instanceof LaneAborted) ecs.stopTask(task.taskArn, 'Stopped by Step Functions');
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    const completion = ecs.stopped(task).then(() => {
      const result = asJson(inPascalCase(task));
      if (task.exitCode === 0) return result;
      throw new StateError('States.TaskFailed', result.text);
    });
    completion.catch(() => {});
    return { ...answered({ Tasks: [inPascalCase(task)], Failures: [] }), completion };
  }

  #describeTasks(taskArns: readonly string[]) {
    const found = taskArns.flatMap((taskArn) => this.#ground.ecs.find(taskArn) ?? []);
    return { Tasks: found.map(inPascalCase), Failures: [] };
  }

  #sendTaskSuccess(token: string, output: string): object {
    try {
      this.#ground.tokens.waiting(token).succeed(JsonText.parse(output));
      return {};
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      throw new StateError(`Sfn.${error.code}Exception`, error.message);
    }
  }
}

function answered(output: unknown): TaskReply {
  return { output: asJson(output) };
}

function asJson(value: unknown): JsonText {
  return JsonText.of(JSON.parse(JSON.stringify(value)) as Json);
}
