import { z } from 'zod';
import { eachOfBatch } from './batch.ts';
import type { Queue } from './queue.ts';
import { readInput } from './sqs-error.ts';

const QueueUrl = z.string();
const ReceiptHandle = z.string();
const VisibilityTimeout = z
  .number()
  .int()
  .min(0, 'Must be between 0 and 43200.')
  .max(43_200, 'Must be between 0 and 43200.');
const Id = z.string();

const DeleteInput = z.strictObject({ QueueUrl, ReceiptHandle });
const DeleteBatchInput = z.strictObject({ QueueUrl, Entries: z.array(z.strictObject({ Id, ReceiptHandle })) });
const ChangeInput = z.strictObject({ QueueUrl, ReceiptHandle, VisibilityTimeout });
const ChangeBatchInput = z.strictObject({
  QueueUrl,
  Entries: z.array(z.strictObject({ Id, ReceiptHandle, VisibilityTimeout })),
});

export function deleteMessage(queue: Queue, input: object): void {
  queue.delete(readInput(DeleteInput, input).ReceiptHandle);
}

export function deleteMessageBatch(queue: Queue, input: object) {
  return eachOfBatch(readInput(DeleteBatchInput, input).Entries, (entry) => {
    queue.delete(entry.ReceiptHandle);
    return {};
  });
}

export function changeVisibility(queue: Queue, input: object): void {
  const { ReceiptHandle: handle, VisibilityTimeout: seconds } = readInput(ChangeInput, input);
  queue.changeVisibility(handle, seconds);
}

export function changeVisibilityBatch(queue: Queue, input: object) {
  return eachOfBatch(readInput(ChangeBatchInput, input).Entries, (entry) => {
    queue.changeVisibility(entry.ReceiptHandle, entry.VisibilityTimeout);
    return {};
  });
}
