import { invalidHandle } from './sqs-error.ts';
import type { StoredMessage } from './stored-message.ts';

/** What a client deletes a message by: opaque to it, and another one each time that the message is received. */
export function receiptHandle(queueName: string, { messageId, receipt }: StoredMessage): string {
  return Buffer.from(`${queueName} ${messageId} ${receipt}`, 'utf8').toString('base64');
}

/** Throws `ReceiptHandleIsInvalid` for what is no handle of this queue. */
export function readHandle(queueName: string, handle: string): { messageId: string; receipt: string } {
  const [name, messageId, receipt, ...more] = Buffer.from(handle, 'base64').toString('utf8').split(' ');
  if (name !== queueName || !messageId || !receipt || more.length > 0) throw invalidHandle();
  return { messageId, receipt };
}
