import { type DynamoDBDocumentClient, GetCommand, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { AttemptRef } from '../../../core/ids.ts';
import type { IntegrationResource } from '../../../local/stepfunctions/asl/resource.ts';
import { LaneAborted, StateError } from '../../../local/stepfunctions/engine/state-error.ts';
import type { TaskCall, TaskReply, TaskRunner } from '../../../local/stepfunctions/engine/task-runner.ts';
import { type Json, type JsonObject, JsonText } from '../../../local/stepfunctions/json.ts';
import { inPascalCase, type LifeEcs, type LifeTask } from './life-ecs.ts';
import type { Turns } from './turns.ts';

export interface TaskParts {
  readonly turns: Turns;
  readonly ecs: LifeEcs;
  readonly documents: DynamoDBDocumentClient;
  readonly now: () => Date;
  /** The functions that states invoke, by their names. */
  readonly functions: Readonly<Record<string, (payload: unknown) => Promise<unknown>>>;
  /** What is called next is called by this execution. */
  readonly goesOn: (executionName: string) => void;
  /** A run state waits for its ECS task; what is called ends its time. */
  readonly waits: (executionName: string, timeIsUp: () => void) => void;
}

/** What the states of the dispatch state machine call, a turn for each call. */
export class LifeTasks implements TaskRunner {
  constructor(readonly parts: TaskParts) {}

  async run(call: TaskCall): Promise<TaskReply> {
    const { resource } = call;
    if (resource.kind === 'function') throw new Error('The state machine names no function as a resource.');
    const input = call.arguments.value as JsonObject;
    const { turns, ecs, goesOn } = this.parts;
    goesOn(call.execution.name);
    switch (`${resource.service}:${resource.action}`) {
      case 'lambda:invoke':
        return answered({ Payload: await this.#invoke(input) });
      case 'dynamodb:updateItem':
      case 'dynamodb:getItem':
        return answered(await this.#callDynamoDb(resource, input));
      case 'ecs:runTask':
        return this.#runTask(input, call);
      case 'ecs:stopTask':
        await turns
          .call('StopTask', async () => ecs.stop(String(input['Task']), String(input['Reason'])))
          .catch(asStateError('Ecs.EcsException'));
        return answered({});
      case 'ecs:describeTasks':
        return answered(
          await turns
            .call('DescribeTasks', async () => this.#describe(input['Tasks'] as readonly string[]))
            .catch(asStateError('Ecs.EcsException')),
        );
      default:
        throw new Error(`Here is no ${resource.resourceType}:${resource.resource}.`);
    }
  }

  /** An invocation goes on where its execution is stopped, and its death is no more than an error there. */
  async #invoke({ FunctionName, Payload }: JsonObject): Promise<unknown> {
    const name = /:function:outpost-(.*)$/.exec(String(FunctionName))?.[1] ?? '';
    const run = this.parts.functions[name];
    if (!run) throw new Error(`Here is no function ${name}.`);
    const payload: unknown = JSON.parse(JSON.stringify(Payload));
    try {
      return await this.parts.turns.begin(name, () => run(payload), { mortal: true }).done;
    } catch (error) {
      throw new StateError((error as Error).name, (error as Error).message);
    }
  }

  async #callDynamoDb({ action }: IntegrationResource, input: JsonObject): Promise<unknown> {
    const { documents } = this.parts;
    try {
      const { TableName, Key, ...rest } = unmarshalled(input) as unknown as UpdateCommandInput;
      if (action === 'getItem') {
        const { Item } = await documents.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
        return Item === undefined ? {} : { Item: { taskArn: Item['taskArn'] && { S: Item['taskArn'] } } };
      }
      const values = { ...rest.ExpressionAttributeValues, ':now': this.parts.now().toISOString() };
      await documents.send(
        new UpdateCommand({ ...rest, TableName, Key, ExpressionAttributeValues: values, ReturnValues: 'ALL_NEW' }),
      );
      return {};
    } catch (error) {
      const { name, message } = error as Error;
      throw new StateError(`DynamoDB.${name.endsWith('Exception') ? name : 'SdkClientException'}`, message);
    }
  }

  async #runTask({ Overrides }: JsonObject, { execution, signal }: TaskCall): Promise<TaskReply> {
    const { turns, ecs, waits } = this.parts;
    const task = await turns
      .call('RunTask', async () => ecs.run(attemptIn(Overrides)))
      .catch(asStateError('ECS.AmazonECSException'));
    const stop = () => {
      if (signal.reason instanceof LaneAborted) ecs.stop(task.taskArn, 'Stopped by Step Functions');
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    const timeUp = new Promise<never>((_, reject) => waits(execution.name, () => reject(StateError.timeout())));
    const completion = Promise.race([ecs.stopped(task).then(() => resultOf(task)), timeUp]);
    completion.catch(() => {});
    return { ...answered({ Tasks: [inPascalCase(task)], Failures: [] }), completion };
  }

  #describe(taskArns: readonly string[]) {
    return { Tasks: taskArns.flatMap((arn) => this.parts.ecs.find(arn) ?? []).map(inPascalCase), Failures: [] };
  }
}

function resultOf(task: LifeTask): JsonText {
  const result = asJson(inPascalCase(task));
  if (task.exitCode === 0) return result;
  throw new StateError('States.TaskFailed', result.text);
}

function attemptIn(overrides: unknown): AttemptRef {
  const [container] = (overrides as { ContainerOverrides: [{ Environment: { Name: string; Value: string }[] }] })
    .ContainerOverrides;
  const given = Object.fromEntries(container.Environment.map(({ Name, Value }) => [Name, Value]));
  return { dispatchId: given['DISPATCH_ID'] ?? '', attempt: Number(given['ATTEMPT']) };
}

/** `{ "S": "x" }` and `{ "N": "1" }` as what they stand for. */
function unmarshalled(value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { S, N } = value as { readonly S?: Json; readonly N?: Json };
  if (S !== undefined) return S;
  if (N !== undefined) return Number(N);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unmarshalled(inner)]));
}

function asStateError(name: string): (error: unknown) => never {
  return (error) => {
    throw new StateError(name, (error as Error).message);
  };
}

function answered(output: unknown): TaskReply {
  return { output: asJson(output) };
}

function asJson(value: unknown): JsonText {
  return JsonText.of(JSON.parse(JSON.stringify(value)) as Json);
}
