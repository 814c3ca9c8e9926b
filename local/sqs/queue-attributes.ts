import { z } from 'zod';
import { AwsError } from '../gateway/aws-error.ts';
import type { Queue } from './queue.ts';
import { readInput } from './sqs-error.ts';

const GetQueueAttributesInput = z.strictObject({
  QueueUrl: z.string(),
  AttributeNames: z.array(z.string()).nullish(),
});

/** Attributes that a queue may lack: asked for by name they are left out. */
const OFTEN_MISSING = [
  ...['Policy', 'KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds', 'RedrivePolicy', 'RedriveAllowPolicy'],
  ...['FifoQueue', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'],
];

/** `GetQueueAttributes`: those that are asked for by name, or by `All`. */
export function describeQueue(queue: Queue, input: object) {
  const { AttributeNames } = readInput(GetQueueAttributesInput, input);
  const attributes = attributesOf(queue);
  const names = AttributeNames ?? [];
  const unknown = names.find(
    (name) => name !== 'All' && !Object.hasOwn(attributes, name) && !OFTEN_MISSING.includes(name),
  );
  if (unknown !== undefined) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
  if (names.length === 0) return {};
  const wanted = Object.entries(attributes).filter(([name]) => names.includes('All') || names.includes(name));
  return { Attributes: Object.fromEntries(wanted.map(([name, value]) => [name, String(value)])) };
}

function attributesOf(queue: Queue): Readonly<Record<string, string | number | boolean>> {
  const { configuration, createdAt } = queue;
  const { visible, inFlight, delayed } = queue.counts();
  const created = Math.floor(createdAt / 1000);
  return {
    QueueArn: configuration.arn,
    ApproximateNumberOfMessages: visible,
    ApproximateNumberOfMessagesNotVisible: inFlight,
    ApproximateNumberOfMessagesDelayed: delayed,
    CreatedTimestamp: created,
    LastModifiedTimestamp: created,
    VisibilityTimeout: configuration.visibilityTimeout,
    MaximumMessageSize: configuration.maximumMessageSize,
    MessageRetentionPeriod: configuration.retentionPeriod,
    DelaySeconds: configuration.delay,
    ReceiveMessageWaitTimeSeconds: configuration.receiveWaitTime,
    SqsManagedSseEnabled: configuration.managedSse,
    ...(configuration.kms && {
      KmsMasterKeyId: configuration.kms.masterKeyId,
      KmsDataKeyReusePeriodSeconds: configuration.kms.dataKeyReusePeriod,
    }),
  };
}
