import type { AwsRequest, AwsResponse } from '../aws-service.ts';
import { AwsError, asAwsError } from './aws-error.ts';

/** One operation of a JSON service: the parsed input in, the output in the service's wire form back. */
// biome-ignore lint/suspicious/noExplicitAny: each operation states its own input; the SDK is the client that shapes it.
export type JsonOperation = (input: any, request: AwsRequest) => unknown;

/**
 * Answers requests of the AWS JSON protocols 1.0 and 1.1: `X-Amz-Target` names the operation, dates are seconds since
 * the epoch, an error carries its name in `__type`.
 */
export function jsonOperations(
  operations: Readonly<Record<string, JsonOperation>>,
  onFault: (error: unknown) => void = () => {},
): (request: AwsRequest) => Promise<AwsResponse> {
  return async (request) => {
    const contentType = String(request.headers['content-type'] ?? 'application/x-amz-json-1.1');
    try {
      const operation = operationNamed(operations, String(request.headers['x-amz-target'] ?? ''));
      const output = await operation(parseBody(await request.readBody()), request);
      return { status: 200, headers: { 'content-type': contentType }, body: JSON.stringify(output ?? {}) };
    } catch (error) {
      const failure = asAwsError(error);
      if (failure.status >= 500) onFault(failure.cause ?? failure);
      return jsonError(failure, contentType);
    }
  };
}

export function jsonError(error: AwsError, contentType = 'application/x-amz-json-1.1'): AwsResponse {
  return {
    status: error.status,
    headers: { 'content-type': contentType, 'x-amzn-errortype': error.code },
    body: JSON.stringify({ __type: error.code, message: error.message, ...error.fields }),
  };
}

function operationNamed(operations: Readonly<Record<string, JsonOperation>>, target: string): JsonOperation {
  const name = target.slice(target.lastIndexOf('.') + 1);
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (operation) return operation;
  throw new AwsError('UnknownOperationException', `The operation '${target}' is not one the embedded AWS answers.`);
}

function parseBody(body: Buffer): unknown {
  if (body.length === 0) return {};
  let input: unknown;
  try {
    input = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new AwsError('SerializationException', 'The body of the request is not valid JSON.', { cause });
  }
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input;
  throw new AwsError('SerializationException', 'The body of the request is not a JSON object.');
}
