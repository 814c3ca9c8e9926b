import { z } from 'zod';
import { md5OfAttributes, md5OfText } from './message-attributes.ts';
import type { Queue, ReceivedMessage } from './queue.ts';
import { readInput } from './sqs-error.ts';
import type { MessageAttributes } from './stored-message.ts';

const between = (min: number, max: number) => {
  const reason = `Must be between ${min} and ${max}, if provided.`;
  return z.number().int(reason).min(min, reason).max(max, reason).nullish();
};

/** Names of what only FIFO queues and queues with a dead-letter queue have are known, and yield nothing. */
const SYSTEM_ATTRIBUTES = [
  ...['All', 'SenderId', 'SentTimestamp', 'ApproximateReceiveCount', 'ApproximateFirstReceiveTimestamp'],
  ...['AWSTraceHeader', 'SequenceNumber', 'MessageDeduplicationId', 'MessageGroupId', 'DeadLetterQueueSourceArn'],
] as const;
const SystemAttributeNames = z.array(z.enum(SYSTEM_ATTRIBUTES)).nullish();

const ReceiveInput = z.strictObject({
  QueueUrl: z.string(),
  MaxNumberOfMessages: between(1, 10),
  VisibilityTimeout: between(0, 43_200),
  WaitTimeSeconds: between(0, 20),
  /** The older name of the next one. */
  AttributeNames: SystemAttributeNames,
  MessageSystemAttributeNames: SystemAttributeNames,
  MessageAttributeNames: z.array(z.string()).nullish(),
});

export async function receiveMessage(queue: Queue, input: object) {
  const read = readInput(ReceiveInput, input);
  const { visibilityTimeout, receiveWaitTime } = queue.configuration;
  const received = await queue.receive(
    read.MaxNumberOfMessages ?? 1,
    read.VisibilityTimeout ?? visibilityTimeout,
    read.WaitTimeSeconds ?? receiveWaitTime,
  );
  if (received.length === 0) return {};
  const systemNames = [...(read.AttributeNames ?? []), ...(read.MessageSystemAttributeNames ?? [])];
  return { Messages: received.map((message) => render(message, systemNames, read.MessageAttributeNames ?? [])) };
}

function render(message: ReceivedMessage, systemNames: readonly string[], attributeNames: readonly string[]) {
  const system = Object.entries(systemAttributes(message)).filter(
    ([name]) => systemNames.includes('All') || systemNames.includes(name),
  );
  const attributes = chosenAttributes(message.attributes, attributeNames);
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.handle,
    Body: message.body,
    MD5OfBody: md5OfText(message.body),
    ...(system.length > 0 && { Attributes: Object.fromEntries(system) }),
    ...(Object.keys(attributes).length > 0 && {
      MessageAttributes: attributes,
      MD5OfMessageAttributes: md5OfAttributes(attributes),
    }),
  };
}

function systemAttributes(message: ReceivedMessage): Readonly<Record<string, string>> {
  const traceHeader = message.systemAttributes.AWSTraceHeader?.StringValue;
  return {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt ?? message.sentAt),
    ...(traceHeader !== undefined && { AWSTraceHeader: traceHeader }),
  };
}

/** By name; `All` and `.*` are every one, `bar.*` those that begin with `bar`. */
function chosenAttributes(attributes: MessageAttributes, names: readonly string[]): MessageAttributes {
  const wanted = (attribute: string) =>
    names.some((name) =>
      name.endsWith('.*') ? attribute.startsWith(name.slice(0, -2)) : name === 'All' || name === attribute,
    );
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => wanted(name)));
}
