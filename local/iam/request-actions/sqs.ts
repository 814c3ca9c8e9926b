import type { Permission } from '../policy-document.ts';
import type { JsonRequest } from '../request-actions.ts';
import { text } from './input.ts';

/** Of a batch, SQS asks for the action of a single message. */
export function sqsPermissions({ operation, input, arn }: JsonRequest): Permission[] {
  const action = `sqs:${operation.replace(/Batch$/, '')}`;
  const name = text(input.QueueUrl).split('/').at(-1) || text(input.QueueName);
  return [{ action, resource: name === '' ? '*' : arn('sqs', name) }];
}
