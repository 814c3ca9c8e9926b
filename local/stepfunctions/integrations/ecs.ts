import { LaneAborted, StateError } from '../engine/state-error.ts';
import type { TaskReply } from '../engine/task-runner.ts';
import { isJsonObject, type Json, type JsonObject, JsonText } from '../json.ts';
import { toSdkInput } from './arguments.ts';
import { type Operation, stopTaskOperation } from './catalog.ts';
import { ECS_TASK_STYLE, type EcsStops } from './ecs-stops.ts';
import { httpMetadata } from './http-metadata.ts';
import { fromSdkOutput } from './results.ts';
import type { ExecutionClients } from './sdk-call.ts';
import { asStateError } from './sdk-error.ts';

/** `ecs:runTask`. @throws StateError */
export async function runEcsTask(
  clients: ExecutionClients,
  operation: Operation,
  taskArguments: Json,
): Promise<JsonObject> {
  try {
    const answer = await clients.call(operation, toSdkInput(operation.input, taskArguments));
    const output = fromSdkOutput(operation.output, answer.output, ECS_TASK_STYLE);
    const { Failures = [], ...others } = isJsonObject(output) ? output : {};
    return { Failures, ...httpMetadata(answer), ...others };
  } catch (error) {
    throw asStateError(error, operation.service, 'optimized');
  }
}

/** `ecs:runTask.sync`: waits until the ECS task stops, and stops it when the execution is stopped. @throws StateError */
export async function runEcsTaskToItsEnd(
  clients: ExecutionClients,
  stops: EcsStops,
  operation: Operation,
  taskArguments: Json,
  signal: AbortSignal,
): Promise<TaskReply> {
  const submitted = await runEcsTask(clients, operation, taskArguments);
  refuseFailures(submitted);
  const [task] = submitted['Tasks'] as readonly JsonObject[];
  const taskArn = String(task?.['TaskArn']);
  const stop = () => {
    if (!(signal.reason instanceof LaneAborted)) return;
    const input = { cluster: task?.['ClusterArn'], task: taskArn, reason: 'Stopped by Step Functions' };
    clients.call(stopTaskOperation(), input).catch((error: unknown) => {
      clients.aws.log(`Step Functions could not stop the ECS task ${taskArn}: ${String(error)}`);
    });
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const completion = stops.wait(taskArn, signal).then((stopped) => resultOf(stopped));
  return { output: JsonText.of(submitted), completion };
}

/** What waits for an ECS task fails where there is none to wait for. @throws StateError */
export function refuseFailures(submitted: JsonObject): void {
  const { Failures, Tasks } = submitted;
  if (Array.isArray(Tasks) && Tasks.length > 0 && Array.isArray(Failures) && Failures.length === 0) return;
  throw new StateError('AmazonECS.Unknown', JSON.stringify({ Failures: Failures ?? [], Tasks: Tasks ?? [] }));
}

function resultOf(stopped: JsonObject): JsonText {
  const containers = stopped['Containers'];
  const exitCodes = Array.isArray(containers)
    ? (containers as readonly Json[]).map((container) => (isJsonObject(container) ? container['ExitCode'] : undefined))
    : [];
  const result = JsonText.of(stopped);
  if (exitCodes.length > 0 && exitCodes.every((code) => code === 0)) return result;
  throw new StateError('States.TaskFailed', result.text);
}
