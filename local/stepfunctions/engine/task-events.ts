import type { HistoryEventType } from '@aws-sdk/client-sfn';
import type { TaskResource } from '../asl/resource.ts';
import type { JsonText } from '../json.ts';
import { NOT_TRUNCATED } from './history.ts';
import type { Lane } from './lane.ts';
import type { StateError } from './state-error.ts';

/** How long a Task may take and be silent, in seconds. */
export interface TaskLimits {
  readonly timeoutSeconds?: number;
  readonly heartbeatSeconds?: number;
}

/** Records an attempt of a Task. A function's own ARN as Resource has events of an older kind than integrations. */
export interface TaskEvents {
  scheduled(taskArguments: JsonText, limits: TaskLimits): void;
  started(): void;
  submitted(output: JsonText): void;
  succeeded(output: JsonText): void;
  failed(error: StateError): void;
  /** What AWS calls the Task where its result is too large. */
  readonly name: string;
}

export function taskEvents(lane: Lane, resource: TaskResource): TaskEvents {
  return resource.kind === 'function' ? functionEvents(lane, resource.arn) : integrationEvents(lane, resource);
}

function functionEvents(lane: Lane, arn: string): TaskEvents {
  return {
    name: arn,
    scheduled(input, { timeoutSeconds }) {
      const timeout = timeoutSeconds === undefined ? {} : { timeoutInSeconds: timeoutSeconds };
      const details = { input: input.text, inputDetails: NOT_TRUNCATED, resource: arn, ...timeout };
      lane.emit('LambdaFunctionScheduled', details);
    },
    started: () => void lane.emit('LambdaFunctionStarted'),
    submitted() {},
    succeeded(output) {
      lane.emit('LambdaFunctionSucceeded', { output: output.text, outputDetails: NOT_TRUNCATED });
    },
    failed(error) {
      lane.emit(error.isTimeout ? 'LambdaFunctionTimedOut' : 'LambdaFunctionFailed', error.details);
    },
  };
}

function integrationEvents(lane: Lane, integration: Extract<TaskResource, { kind: 'integration' }>): TaskEvents {
  const { resource, resourceType } = integration;
  const ended = (type: HistoryEventType, output: JsonText) => {
    lane.emit(type, { output: output.text, outputDetails: NOT_TRUNCATED, resource, resourceType });
  };
  return {
    name: resourceType,
    scheduled(parameters, { timeoutSeconds, heartbeatSeconds }) {
      lane.emit('TaskScheduled', {
        ...(heartbeatSeconds !== undefined && { heartbeatInSeconds: heartbeatSeconds }),
        parameters: parameters.text,
        region: lane.run.identity.region,
        resource,
        resourceType,
        ...(timeoutSeconds !== undefined && { timeoutInSeconds: timeoutSeconds }),
      });
    },
    started: () => void lane.emit('TaskStarted', { resource, resourceType }),
    submitted: (output) => ended('TaskSubmitted', output),
    succeeded: (output) => ended('TaskSucceeded', output),
    failed(error) {
      lane.emit(error.isTimeout ? 'TaskTimedOut' : 'TaskFailed', { ...error.details, resource, resourceType });
    },
  };
}
