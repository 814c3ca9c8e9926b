import { z } from 'zod';
import type { LocalAws, TemplateResource } from '../aws-service.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';

const seconds = (min: number, max: number, otherwise: number) =>
  z.coerce.number().int().min(min).max(max).default(otherwise);

/** CloudFormation makes texts of truth values. */
const Flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

const QueueProperties = z.strictObject({
  QueueName: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,80}$/, 'is not a name of a standard queue')
    .optional(),
  FifoQueue: Flag.refine((fifo) => !fifo, 'FIFO queues are not supported by the embedded AWS').optional(),
  DelaySeconds: seconds(0, 900, 0),
  MaximumMessageSize: seconds(1024, 1_048_576, 1_048_576),
  MessageRetentionPeriod: seconds(60, 1_209_600, 345_600),
  ReceiveMessageWaitTimeSeconds: seconds(0, 20, 0),
  VisibilityTimeout: seconds(0, 43_200, 30),
  SqsManagedSseEnabled: Flag.optional(),
  // Nothing is encrypted on this machine: they are told back, and that is all.
  KmsMasterKeyId: z.string().optional(),
  KmsDataKeyReusePeriodSeconds: seconds(60, 86_400, 300),
  Tags: z.unknown().optional(),
});

/** A standard queue as the template has it; times in seconds, sizes in bytes. */
export interface QueueConfiguration {
  readonly name: string;
  readonly arn: string;
  readonly delay: number;
  readonly maximumMessageSize: number;
  readonly retentionPeriod: number;
  readonly receiveWaitTime: number;
  readonly visibilityTimeout: number;
  readonly managedSse: boolean;
  readonly kms: { readonly masterKeyId: string; readonly dataKeyReusePeriod: number } | undefined;
}

/** Reads `AWS::SQS::Queue`. Throws for FIFO queues and for a queue's own dead-letter queue (`RedrivePolicy`). */
export function readQueue(resource: TemplateResource, aws: LocalAws): QueueConfiguration {
  const properties = parseProperties(QueueProperties, resource);
  const name = properties.QueueName ?? generatedName(resource);
  const { KmsMasterKeyId } = properties;
  return {
    name,
    arn: `arn:aws:sqs:${aws.region}:${aws.accountId}:${name}`,
    delay: properties.DelaySeconds,
    maximumMessageSize: properties.MaximumMessageSize,
    retentionPeriod: properties.MessageRetentionPeriod,
    receiveWaitTime: properties.ReceiveMessageWaitTimeSeconds,
    visibilityTimeout: properties.VisibilityTimeout,
    managedSse: properties.SqsManagedSseEnabled ?? KmsMasterKeyId === undefined,
    kms:
      KmsMasterKeyId === undefined
        ? undefined
        : { masterKeyId: KmsMasterKeyId, dataKeyReusePeriod: properties.KmsDataKeyReusePeriodSeconds },
  };
}
