import type { IntegrationResource } from '../asl/resource.ts';
import { StateError } from '../engine/state-error.ts';
import type { TaskCall, TaskReply, TaskRunner } from '../engine/task-runner.ts';
import { isJsonObject, type Json, JsonText } from '../json.ts';
import { toSdkInput } from './arguments.ts';
import { findOperation, type Operation } from './catalog.ts';
import { refuseFailures, runEcsTask, runEcsTaskToItsEnd } from './ecs.ts';
import type { EcsStops } from './ecs-stops.ts';
import { httpMetadata } from './http-metadata.ts';
import { invokeFunction, invokeIntegration } from './lambda.ts';
import { fromSdkOutput } from './results.ts';
import type { ExecutionClients } from './sdk-call.ts';
import { asStateError } from './sdk-error.ts';
import type { TaskTokens } from './task-tokens.ts';

/** Calls the services that the Tasks of one execution name, over HTTP. */
export class IntegrationTasks implements TaskRunner {
  constructor(
    readonly clients: ExecutionClients,
    readonly stops: EcsStops,
    readonly tokens: TaskTokens,
  ) {}

  async run(call: TaskCall): Promise<TaskReply> {
    const { resource } = call;
    if (resource.kind === 'function') {
      return { output: await invokeFunction(this.clients, resource.arn, call.arguments) };
    }
    const operation = findOperation(resource);
    if (!operation)
      throw StateError.runtime(`There is no integration '${resource.resourceType}:${resource.resource}'.`);
    if (call.taskToken !== undefined) return this.#untilTokenReturns(call, call.taskToken, resource, operation);
    const { value } = call.arguments;
    if (resource.pattern === 'sync') {
      return runEcsTaskToItsEnd(this.clients, this.stops, operation, value, call.signal);
    }
    return { output: await this.#request(resource, operation, value) };
  }

  async #untilTokenReturns(
    call: TaskCall,
    token: string,
    resource: IntegrationResource,
    operation: Operation,
  ): Promise<TaskReply> {
    // The token may come back before the answer to the request does.
    const completion = this.tokens.wait(token, call.heartbeatSeconds, call.signal);
    completion.catch(() => {});
    return { output: await this.#request(resource, operation, call.arguments.value), completion };
  }

  async #request(resource: IntegrationResource, operation: Operation, taskArguments: Json): Promise<JsonText> {
    if (resource.style === 'sdk') return this.#callSdk(operation, taskArguments);
    switch (resource.service) {
      case 'lambda':
        return invokeIntegration(this.clients, operation, taskArguments);
      case 'ecs': {
        const submitted = await runEcsTask(this.clients, operation, taskArguments);
        if (resource.pattern === 'task-token') refuseFailures(submitted);
        return JsonText.of(submitted);
      }
      case 'events':
        return this.#putEvents(operation, taskArguments);
      default:
        return this.#callDynamoDb(operation, taskArguments);
    }
  }

  async #callSdk(operation: Operation, taskArguments: Json): Promise<JsonText> {
    try {
      const { output } = await this.clients.call(operation, toSdkInput(operation.input, taskArguments));
      const read = await withTexts(output);
      const style = { names: 'sdk', dates: 'iso', fillLists: false } as const;
      return JsonText.of(fromSdkOutput(operation.output, read, style) ?? {});
    } catch (error) {
      throw asStateError(error, operation.service, 'sdk');
    }
  }

  async #callDynamoDb(operation: Operation, taskArguments: Json): Promise<JsonText> {
    try {
      const answer = await this.clients.call(operation, toSdkInput(operation.input, taskArguments));
      const style = { names: 'optimized', dates: 'iso', fillLists: false } as const;
      const output = fromSdkOutput(operation.output, answer.output, style);
      return JsonText.of({ ...(isJsonObject(output) ? output : {}), ...httpMetadata(answer) });
    } catch (error) {
      throw asStateError(error, operation.service, 'optimized');
    }
  }

  async #putEvents(operation: Operation, taskArguments: Json): Promise<JsonText> {
    try {
      const { output } = await this.clients.call(operation, toSdkInput(operation.input, taskArguments));
      const style = { names: 'optimized', dates: 'iso', fillLists: false } as const;
      const result = JsonText.of(fromSdkOutput(operation.output, output, style) ?? {});
      if (Number(output['FailedEntryCount'] ?? 0) > 0) throw new StateError('EventBridge.FailedEntry', result.text);
      return result;
    } catch (error) {
      throw asStateError(error, operation.service, 'optimized');
    }
  }
}

/** Reads what the SDK gives as a stream, the Body of GetObject. */
async function withTexts(output: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
  const entries = Object.entries(output).map(async ([name, value]) => {
    return [name, isTextStream(value) ? await value.transformToString() : value] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function isTextStream(value: unknown): value is { transformToString(): Promise<string> } {
  return typeof value === 'object' && value !== null && 'transformToString' in value;
}
