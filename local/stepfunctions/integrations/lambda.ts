import { StateError } from '../engine/state-error.ts';
import { isJsonObject, type Json, JsonText } from '../json.ts';
import { invokeOperation, type Operation } from './catalog.ts';
import { httpMetadata } from './http-metadata.ts';
import type { ExecutionClients, SdkAnswer } from './sdk-call.ts';
import { asStateError } from './sdk-error.ts';

/** Invokes the function that a Task names by its ARN; the result is the payload alone. @throws StateError */
export async function invokeFunction(clients: ExecutionClients, arn: string, input: JsonText): Promise<JsonText> {
  const answer = await invoke(clients, invokeOperation(), { FunctionName: arn, Payload: Buffer.from(input.text) });
  return JsonText.of(payloadOf(answer));
}

/** `lambda:invoke`. @throws StateError */
export async function invokeIntegration(
  clients: ExecutionClients,
  operation: Operation,
  taskArguments: Json,
): Promise<JsonText> {
  const { Payload, ...others } = isJsonObject(taskArguments) ? taskArguments : {};
  const payload = Payload === undefined ? {} : { Payload: Buffer.from(JSON.stringify(Payload)) };
  const answer = await invoke(clients, operation, { ...others, ...payload });
  return JsonText.of({
    ExecutedVersion: String(answer.output['ExecutedVersion'] ?? '$LATEST'),
    Payload: payloadOf(answer),
    ...httpMetadata(answer),
    StatusCode: answer.status,
  });
}

async function invoke(clients: ExecutionClients, operation: Operation, input: unknown): Promise<SdkAnswer> {
  let answer: SdkAnswer;
  try {
    answer = await clients.call(operation, input);
  } catch (error) {
    throw asStateError(error, operation.service, 'optimized');
  }
  if (answer.output['FunctionError'] !== undefined) throw functionFailure(payloadText(answer));
  return answer;
}

/** A function's own error: its type is the state's error, its whole answer the cause. */
function functionFailure(text: string): StateError {
  const payload = parsed(text);
  const type = isJsonObject(payload) ? payload['errorType'] : undefined;
  const cause = text === '' ? 'The cause could not be determined because Lambda did not return an error type.' : text;
  return new StateError(typeof type === 'string' && type !== '' ? type : 'Lambda.Unknown', cause);
}

function payloadOf(answer: SdkAnswer): Json {
  const text = payloadText(answer);
  return text === '' ? null : (parsed(text) ?? text);
}

function payloadText({ output }: SdkAnswer): string {
  const payload = output['Payload'];
  return payload instanceof Uint8Array ? Buffer.from(payload).toString('utf8') : '';
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
