import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as ecs from '@aws-sdk/client-ecs';
import * as events from '@aws-sdk/client-eventbridge';
import * as lambda from '@aws-sdk/client-lambda';
import * as s3 from '@aws-sdk/client-s3';
import * as sfn from '@aws-sdk/client-sfn';
import type { IntegrationResource, Pattern } from '../asl/resource.ts';
import { pascalCase, type Style } from './names.ts';
import { type OperationShapes, operationShapes } from './shape.ts';

export type ServiceName = 'dynamodb' | 'ecs' | 'events' | 'lambda' | 's3' | 'sfn';

/** A service that Tasks call, with the names that AWS's errors give it. */
export interface IntegratedService {
  readonly name: ServiceName;
  readonly module: Readonly<Record<string, unknown>>;
  /** The class of the SDK's client, in the module. */
  readonly client: string;
  /** `DynamoDB` of `DynamoDB.ResourceNotFoundException`. */
  readonly prefix: Readonly<Record<Style, string>>;
  /** The exception that stands for all which the service's model does not name. */
  readonly baseException: Readonly<Record<Style, string>>;
  /** `(Service: …` in a cause. */
  readonly label: Readonly<Record<Style, string>>;
}

export interface Operation extends OperationShapes {
  readonly service: IntegratedService;
  /** `RunTask`. */
  readonly name: string;
}

const SERVICES: Readonly<Record<ServiceName, IntegratedService>> = {
  dynamodb: {
    name: 'dynamodb',
    module: { ...dynamodb },
    client: 'DynamoDBClient',
    prefix: { optimized: 'DynamoDB', sdk: 'DynamoDb' },
    baseException: { optimized: 'AmazonDynamoDBException', sdk: 'DynamoDbException' },
    label: { optimized: 'AmazonDynamoDBv2', sdk: 'DynamoDb' },
  },
  ecs: {
    name: 'ecs',
    module: { ...ecs },
    client: 'ECSClient',
    prefix: { optimized: 'ECS', sdk: 'Ecs' },
    baseException: { optimized: 'AmazonECSException', sdk: 'EcsException' },
    label: { optimized: 'AmazonECS', sdk: 'Ecs' },
  },
  events: {
    name: 'events',
    module: { ...events },
    client: 'EventBridgeClient',
    prefix: { optimized: 'EventBridge', sdk: 'EventBridge' },
    baseException: { optimized: 'AmazonEventBridgeException', sdk: 'EventBridgeException' },
    label: { optimized: 'AmazonEventBridge', sdk: 'EventBridge' },
  },
  lambda: {
    name: 'lambda',
    module: { ...lambda },
    client: 'LambdaClient',
    prefix: { optimized: 'Lambda', sdk: 'Lambda' },
    baseException: { optimized: 'AWSLambdaException', sdk: 'LambdaException' },
    label: { optimized: 'AWSLambda', sdk: 'Lambda' },
  },
  s3: {
    name: 's3',
    module: { ...s3 },
    client: 'S3Client',
    prefix: { optimized: 'S3', sdk: 'S3' },
    baseException: { optimized: 'AmazonS3Exception', sdk: 'S3Exception' },
    label: { optimized: 'Amazon S3', sdk: 'S3' },
  },
  sfn: {
    name: 'sfn',
    module: { ...sfn },
    client: 'SFNClient',
    prefix: { optimized: 'StepFunctions', sdk: 'Sfn' },
    baseException: { optimized: 'AWSStepFunctionsException', sdk: 'SfnException' },
    label: { optimized: 'AWSStepFunctions', sdk: 'Sfn' },
  },
};

const OPTIMIZED: Readonly<Record<string, readonly Pattern[]>> = {
  'lambda:invoke': ['request-response', 'task-token'],
  'ecs:runTask': ['request-response', 'sync', 'task-token'],
  'events:putEvents': ['request-response', 'task-token'],
  'dynamodb:getItem': ['request-response'],
  'dynamodb:putItem': ['request-response'],
  'dynamodb:updateItem': ['request-response'],
  'dynamodb:deleteItem': ['request-response'],
};
const SDK_SERVICES: readonly string[] = ['dynamodb', 'ecs', 'sfn', 's3'];
const SDK_PATTERNS: readonly Pattern[] = ['request-response', 'task-token'];

/** The operation behind a Task's Resource, `undefined` where the embedded engine has no such integration. */
export function findOperation(resource: IntegrationResource): Operation | undefined {
  const known =
    resource.style === 'sdk'
      ? SDK_SERVICES.includes(resource.service)
      : Object.hasOwn(OPTIMIZED, `${resource.service}:${resource.action}`);
  if (!known) return undefined;
  const owner = SERVICES[resource.service as ServiceName];
  const name = pascalCase(resource.action);
  // `RunTask` would name the same operation, but Step Functions spells actions in camel case.
  if (name === resource.action) return undefined;
  const shapes = operationShapes(owner.module[`${name}$`]);
  return shapes && { service: owner, name, ...shapes };
}

export function supportsPattern(resource: IntegrationResource): boolean {
  const patterns = resource.style === 'sdk' ? SDK_PATTERNS : OPTIMIZED[`${resource.service}:${resource.action}`];
  return patterns?.includes(resource.pattern) ?? false;
}

/** Invoke, for a Task whose Resource is a function's own ARN. */
export function invokeOperation(): Operation {
  const shapes = operationShapes(lambda.Invoke$);
  if (!shapes) throw new Error('The SDK has no schema of Invoke.');
  return { service: SERVICES.lambda, name: 'Invoke', ...shapes };
}

/** StopTask, for a job whose Task nobody waits for any more. */
export function stopTaskOperation(): Operation {
  const shapes = operationShapes(ecs.StopTask$);
  if (!shapes) throw new Error('The SDK has no schema of StopTask.');
  return { service: SERVICES.ecs, name: 'StopTask', ...shapes };
}
