import { z } from 'zod';
import type { AwsRequest } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { eachOfBatch } from './batch.ts';
import {
  AttributeInput,
  checkAttributes,
  checkText,
  md5OfAttributes,
  md5OfText,
  messageBytes,
} from './message-attributes.ts';
import type { Queue } from './queue.ts';
import { invalidValue, missingParameter, readInput } from './sqs-error.ts';
import type { MessageAttributes, NewMessage } from './stored-message.ts';

const MAX_BATCH_BYTES = 1_048_576;
const MAX_DELAY = 900;

const Message = {
  MessageBody: z.string(),
  MessageAttributes: AttributeInput,
  MessageSystemAttributes: AttributeInput,
  DelaySeconds: z.number().int().nullish(),
};
const SendInput = z.strictObject({ QueueUrl: z.string(), ...Message });
const SendBatchInput = z.strictObject({
  QueueUrl: z.string(),
  Entries: z.array(z.strictObject({ Id: z.string(), ...Message })),
});
type MessageInput = Omit<z.output<typeof SendInput>, 'QueueUrl'>;

export function sendMessage(queue: Queue, input: object, request: AwsRequest) {
  return send(queue, readInput(SendInput, input), request);
}

export function sendMessageBatch(queue: Queue, input: object, request: AwsRequest) {
  const { Entries } = readInput(SendBatchInput, input);
  const bytes = Entries.reduce((sum, { MessageBody, MessageAttributes: attributes }) => {
    return sum + messageBytes(MessageBody, attributes as MessageAttributes);
  }, 0);
  if (bytes > MAX_BATCH_BYTES) {
    const message = `Batch requests cannot be longer than ${MAX_BATCH_BYTES} bytes. You have sent ${bytes} bytes.`;
    throw new AwsError('BatchRequestTooLong', message);
  }
  return eachOfBatch(Entries, (entry) => send(queue, entry, request));
}

function send(queue: Queue, input: MessageInput, request: AwsRequest) {
  const message = readMessage(queue, input, request);
  const { messageId } = queue.send(message, readDelay(input.DelaySeconds));
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5OfText(message.body),
    ...digest('MD5OfMessageAttributes', message.attributes),
    ...digest('MD5OfMessageSystemAttributes', message.systemAttributes),
  };
}

function readMessage(queue: Queue, input: MessageInput, { caller }: AwsRequest): NewMessage {
  if (input.MessageBody === '') throw missingParameter('MessageBody');
  const attributes = checkAttributes(input.MessageAttributes);
  const limit = queue.configuration.maximumMessageSize;
  if (messageBytes(input.MessageBody, attributes) > limit) {
    const message = `One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`;
    throw new AwsError('InvalidParameterValue', message);
  }
  return {
    body: checkText(input.MessageBody),
    attributes,
    systemAttributes: checkSystemAttributes(input.MessageSystemAttributes),
    senderId: `${caller.accessKeyId}:${caller.sessionName}`,
  };
}

function checkSystemAttributes(input: MessageInput['MessageSystemAttributes']): MessageAttributes {
  const unknown = Object.keys(input).find((name) => name !== 'AWSTraceHeader');
  if (unknown === undefined) return checkAttributes(input);
  throw invalidValue('MessageSystemAttributes', unknown, 'The only one that can be sent is AWSTraceHeader.');
}

function readDelay(seconds: number | null | undefined): number | undefined {
  if (seconds === null || seconds === undefined) return undefined;
  if (seconds >= 0 && seconds <= MAX_DELAY) return seconds;
  throw invalidValue('DelaySeconds', seconds, `DelaySeconds must be >= 0 and <= ${MAX_DELAY}.`);
}

function digest(name: string, attributes: MessageAttributes) {
  return Object.keys(attributes).length === 0 ? {} : { [name]: md5OfAttributes(attributes) };
}
