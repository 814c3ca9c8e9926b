import type { z } from 'zod';
import { AwsError } from '../gateway/aws-error.ts';

export function invalidValue(parameter: string, value: unknown, reason: string): AwsError {
  const message = `Value ${JSON.stringify(value)} for parameter ${parameter} is invalid. Reason: ${reason}`;
  return new AwsError('InvalidParameterValue', message);
}

export function missingParameter(parameter: string): AwsError {
  return new AwsError('MissingParameter', `The request must contain the parameter ${parameter}.`);
}

export function invalidHandle(): AwsError {
  return new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.', { status: 404 });
}

export function queueDoesNotExist(): AwsError {
  return new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
}

/**
 * Reads the input of an operation; schemas are strict objects.
 *
 * @throws AwsError `MissingParameter`, `InvalidParameterValue`, or `UnsupportedOperation` for a member that is not known
 */
export function readInput<Schema extends z.ZodType>(schema: Schema, input: object): z.output<Schema> {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const parameter = (issue?.path ?? []).map(String).join('.');
  if (issue?.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => [...issue.path.map(String), key].join('.'));
    throw new AwsError('UnsupportedOperation', `The embedded SQS does not know the parameter ${keys.join(', ')}.`);
  }
  if (issue?.input === undefined || issue.input === null) throw missingParameter(parameter);
  throw invalidValue(parameter, issue.input, issue.message);
}
