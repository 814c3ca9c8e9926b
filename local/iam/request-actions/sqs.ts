import type { Permission } from '../policy-document.ts';
import { text } from './input.ts';
import type { JsonRequest } from './json-request.ts';

/** Of a batch, SQS asks for the action of a single message. */
export function sqsPermissions({ operation, input, arn }: JsonRequest): Permission[] {
  const action = `sqs:${operation.replace(/Batch$/, '')}`;
  const name = text(input.QueueUrl).split('/').at(-1) || text(input.QueueName);
  return [{ action, resource: name === '' ? '*' : arn('sqs', name) }];
}
