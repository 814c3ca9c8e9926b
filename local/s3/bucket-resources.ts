import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { LocalAws, ResourceValues, TemplateResource } from '../aws-service.ts';

/** What of an `AWS::S3::Bucket` the embedded S3 acts on. */
export interface BucketDefinition {
  readonly name: string;
  /** The headers that new objects carry by the bucket's default encryption. */
  readonly encryption: Readonly<Record<string, string>>;
}

const Encryption = z.strictObject({
  SSEAlgorithm: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']),
  KMSMasterKeyID: z.string().optional(),
});

/**
 * The properties that are accepted. Those that come as `unknown` change nothing that a client of one machine sees: who
 * may call is IAM's matter, browsers' origins are not checked, and objects do not expire.
 */
const BucketProperties = z.strictObject({
  BucketName: z
    .string()
    .regex(/^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is not a bucket name')
    .optional(),
  BucketEncryption: z
    .object({
      ServerSideEncryptionConfiguration: z
        .array(
          z.object({ ServerSideEncryptionByDefault: Encryption.optional(), BucketKeyEnabled: z.unknown().optional() }),
        )
        .length(1),
    })
    .optional(),
  VersioningConfiguration: z
    .object({ Status: z.literal('Suspended', 'versions are not built: only Suspended') })
    .optional(),
  PublicAccessBlockConfiguration: z.unknown().optional(),
  LifecycleConfiguration: z.unknown().optional(),
  LoggingConfiguration: z.unknown().optional(),
  CorsConfiguration: z.unknown().optional(),
  OwnershipControls: z.unknown().optional(),
  Tags: z.unknown().optional(),
});

const PolicyProperties = z.strictObject({
  Bucket: z.string().min(1),
  PolicyDocument: z.record(z.string(), z.unknown()),
});

/** Reads a bucket's properties; the error of one that is not understood names it. */
export function readBucket(resource: TemplateResource, stack: string): BucketDefinition {
  const properties = parse(BucketProperties, resource);
  const rule = properties.BucketEncryption?.ServerSideEncryptionConfiguration[0]?.ServerSideEncryptionByDefault;
  return {
    name: properties.BucketName ?? generatedName(stack, resource.logicalId),
    encryption: {
      'x-amz-server-side-encryption': rule?.SSEAlgorithm ?? 'AES256',
      ...(rule?.KMSMasterKeyID ? { 'x-amz-server-side-encryption-aws-kms-key-id': rule.KMSMasterKeyID } : {}),
    },
  };
}

export function bucketValues(name: string, { region }: LocalAws): ResourceValues {
  return {
    ref: name,
    attributes: {
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
      DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
    },
  };
}

/** Accepts a policy, whose `Ref` is the bucket's name; access is decided by roles alone. */
export function readBucketPolicy(resource: TemplateResource): ResourceValues {
  return { ref: parse(PolicyProperties, resource).Bucket };
}

/** Like CloudFormation's: stack, logical id and a hash, in lower case and at most 63 characters. */
function generatedName(stack: string, logicalId: string): string {
  const hash = createHash('sha256').update(`${stack}\0${logicalId}`).digest('hex').slice(0, 12);
  return `${stack.slice(0, 24)}-${logicalId.slice(0, 24)}-${hash}`.toLowerCase();
}

function parse<T>(schema: z.ZodType<T>, { properties }: TemplateResource): T {
  const result = schema.safeParse(properties);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'Properties'}: ${message}`);
  throw new Error(faults.join('; '));
}
