import { z } from 'zod';
import type { TemplateResource } from '../aws-service.ts';
import { QUEUE_ARN } from '../queue-sender.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';

const MAX_ENVIRONMENT_BYTES = 4096;
const RESERVED_VARIABLES = new Set([
  ...['_HANDLER', '_X_AMZN_TRACE_ID', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_EXECUTION_ENV', 'LAMBDA_TASK_ROOT'],
  ...['AWS_ACCESS_KEY', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'LAMBDA_RUNTIME_DIR'],
  ...['AWS_LAMBDA_FUNCTION_NAME', 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE', 'AWS_LAMBDA_FUNCTION_VERSION'],
  ...[
    'AWS_LAMBDA_INITIALIZATION_TYPE',
    'AWS_LAMBDA_LOG_GROUP_NAME',
    'AWS_LAMBDA_LOG_STREAM_NAME',
    'AWS_LAMBDA_RUNTIME_API',
  ],
]);

/** CloudFormation makes texts of numbers and truth values. */
const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const LogLevel = z.enum(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']);

const FunctionProperties = z.strictObject({
  FunctionName: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'is not a name of a function')
    .optional(),
  Handler: z.string().min(1),
  Runtime: z.string().regex(/^nodejs\d+\.x$/, 'must be a nodejs runtime'),
  Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
  Role: z.string(),
  Environment: z.strictObject({ Variables: z.record(z.string(), Text) }).optional(),
  Timeout: z.coerce.number().int().min(1).max(900).default(3),
  MemorySize: z.coerce.number().int().min(128).max(10_240).default(128),
  ReservedConcurrentExecutions: z.coerce.number().int().min(0).optional(),
  LoggingConfig: z
    .strictObject({
      LogGroup: z.string().optional(),
      LogFormat: z.enum(['Text', 'JSON']).default('Text'),
      ApplicationLogLevel: LogLevel.optional(),
      SystemLogLevel: z.enum(['DEBUG', 'INFO', 'WARN']).optional(),
    })
    .default({ LogFormat: 'Text' }),
  DeadLetterConfig: z
    .strictObject({ TargetArn: z.string().regex(QUEUE_ARN, 'is not the ARN of a standard queue').optional() })
    .optional(),
  PackageType: z.literal('Zip').optional(),
  // Without meaning on one machine: its processor, its disk, no VPC, no X-Ray.
  Architectures: z.array(z.enum(['arm64', 'x86_64'])).optional(),
  EphemeralStorage: z.unknown().optional(),
  VpcConfig: z.unknown().optional(),
  TracingConfig: z.unknown().optional(),
  KmsKeyArn: z.unknown().optional(),
  Description: z.string().optional(),
  Tags: z.unknown().optional(),
});

/** A function as it is deployed. */
export interface FunctionConfiguration {
  readonly name: string;
  readonly arn: string;
  readonly handler: string;
  readonly runtime: string;
  readonly role: string;
  /** The folder of the bundle. */
  readonly directory: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /** In MiB. */
  readonly memorySize: number;
  readonly reservedConcurrency?: number;
  readonly logGroup: string;
  readonly logFormat: 'Text' | 'JSON';
  readonly applicationLogLevel?: string;
  /** Whether START, END and REPORT lines are written. */
  readonly logsPlatformEvents: boolean;
  /** The queue for events that the function has failed on. */
  readonly deadLetterArn?: string;
}

/**
 * Reads `AWS::Lambda::Function`. Throws where Lambda would refuse, and for layers, images, inline code, dead-letter
 * topics and file systems, which the embedded AWS does not have.
 */
export function readFunction(
  resource: TemplateResource,
  arnOf: (name: string) => string,
  resolveCode: (s3Bucket: string, s3Key: string) => string,
): FunctionConfiguration {
  const properties = parseProperties(FunctionProperties, resource);
  const name = properties.FunctionName ?? generatedName(resource);
  const { LogGroup, LogFormat, ApplicationLogLevel, SystemLogLevel = 'INFO' } = properties.LoggingConfig;
  return {
    name,
    arn: arnOf(name),
    handler: properties.Handler,
    runtime: properties.Runtime,
    role: properties.Role,
    directory: resolveCode(properties.Code.S3Bucket, properties.Code.S3Key),
    variables: checkVariables(properties.Environment?.Variables ?? {}),
    timeoutSeconds: properties.Timeout,
    memorySize: properties.MemorySize,
    logGroup: LogGroup ?? `/aws/lambda/${name}`,
    logFormat: LogFormat,
    logsPlatformEvents: SystemLogLevel !== 'WARN',
    ...(ApplicationLogLevel && { applicationLogLevel: ApplicationLogLevel }),
    ...(properties.ReservedConcurrentExecutions !== undefined && {
      reservedConcurrency: properties.ReservedConcurrentExecutions,
    }),
    ...(properties.DeadLetterConfig?.TargetArn !== undefined && {
      deadLetterArn: properties.DeadLetterConfig.TargetArn,
    }),
  };
}

function checkVariables(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(variables);
  const reserved = names.filter((name) => RESERVED_VARIABLES.has(name));
  if (reserved.length > 0) {
    throw new Error(`Environment.Variables: ${reserved.join(', ')} cannot be set, Lambda itself sets them`);
  }
  const malformed = names.filter((name) => !/^[A-Za-z][A-Za-z0-9_]+$/.test(name));
  if (malformed.length > 0) throw new Error(`Environment.Variables: ${malformed.join(', ')} is not a valid name`);
  const bytes = Buffer.byteLength(Object.entries(variables).flat().join(''), 'utf8');
  if (bytes <= MAX_ENVIRONMENT_BYTES) return variables;
  throw new Error(`Environment.Variables: ${bytes} bytes, and Lambda takes ${MAX_ENVIRONMENT_BYTES} at most`);
}
