import type { TaskResource } from '../asl/resource.ts';
import type { JsonText } from '../json.ts';
import type { ExecutionIdentity } from './execution-identity.ts';

/** One attempt of a Task, as the engine hands it out. */
export interface TaskCall {
  readonly execution: ExecutionIdentity;
  readonly stateName: string;
  readonly resource: TaskResource;
  readonly arguments: JsonText;
  /** Where the resource waits for its token. */
  readonly taskToken?: string;
  readonly heartbeatSeconds?: number;
  /**
   * Aborted when nobody waits for the Task any more. The reason is a LaneAborted where the execution was stopped or a
   * sibling failed; only then does Step Functions stop the job behind the Task.
   */
  readonly signal: AbortSignal;
}

export interface TaskReply {
  readonly output: JsonText;
  /** There for `.sync` and `.waitForTaskToken`: what the Task comes to, where `output` is only what submitting answered. */
  readonly completion?: Promise<JsonText>;
}

/** Calls what Tasks name. */
export interface TaskRunner {
  /** @throws StateError where the Task fails; so does `completion` */
  run(call: TaskCall): Promise<TaskReply>;
}
