import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientOptions, type IamInTest, openIam } from './iam-in-test.ts';

const account = (service: string, resource: string) => `arn:aws:${service}:us-east-1:000000000000:${resource}`;
const machine = account('states', 'stateMachine:dispatch');
const execution = account('states', 'execution:dispatch:01-1');

let iam: IamInTest;
let nobody: ClientOptions;

beforeAll(async () => {
  iam = await openIam();
  nobody = await iam.role('nobody', []);
});
afterAll(() => iam.close());

type Call = (options: ClientOptions) => Promise<unknown>;
type Client = new (options: ClientOptions) => { send(command: never): Promise<unknown> };
const sentBy =
  (Client: Client) =>
  (command: object): Call =>
  (options) =>
    new Client(options).send(command as never);
const dynamoDb = sentBy(DynamoDBClient);
const s3 = sentBy(S3Client);
const sfn = sentBy(SFNClient);
const ecs = sentBy(ECSClient);
const logs = sentBy(CloudWatchLogsClient);
const events = sentBy(EventBridgeClient);
const lambda = sentBy(LambdaClient);
const sqs = sentBy(SQSClient);
const secrets = sentBy(SecretsManagerClient);

const Key = { id: { S: 'a' } };
const object = { Bucket: 'b', Key: 'dir/a b.txt' };
const objectArn = '"arn:aws:s3:::b/dir/a b.txt"';
const upload = { ...object, UploadId: 'u' };
const queue = { QueueUrl: 'http://127.0.0.1/000000000000/q' };
const queueArn = account('sqs', 'q');
const stream = { logGroupName: '/g', logStreamName: 's' };
const group = (name: string) => account('logs', `log-group:/g:log-stream:${name}`);

describe('the action and the resource that a request needs', () => {
  it.each<[string, string, Call]>([
    ['dynamodb:GetItem', account('dynamodb', 'table/t'), dynamoDb(new GetItemCommand({ TableName: 't', Key }))],
    ['dynamodb:UpdateItem', account('dynamodb', 'table/t'), dynamoDb(new UpdateItemCommand({ TableName: 't', Key }))],
    [
      'dynamodb:Query',
      account('dynamodb', 'table/t/index/i'),
      dynamoDb(new QueryCommand({ TableName: 't', IndexName: 'i' })),
    ],
    [
      'dynamodb:BatchGetItem',
      account('dynamodb', 'table/t'),
      dynamoDb(new BatchGetItemCommand({ RequestItems: { t: { Keys: [Key] } } })),
    ],
    ['dynamodb:TransactWriteItems', '*', dynamoDb(new TransactWriteItemsCommand({ TransactItems: [] }))],
    ['s3:GetObject', objectArn, s3(new GetObjectCommand(object))],
    ['s3:PutObject', objectArn, s3(new PutObjectCommand({ ...object, Body: 'x' }))],
    ['s3:PutObject', objectArn, s3(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' }))],
    ['s3:PutObject', objectArn, s3(new CompleteMultipartUploadCommand(upload))],
    ['s3:AbortMultipartUpload', objectArn, s3(new AbortMultipartUploadCommand(upload))],
    ['s3:DeleteObject', objectArn, s3(new DeleteObjectCommand(object))],
    [
      's3:DeleteObject',
      '"arn:aws:s3:::b/*"',
      s3(new DeleteObjectsCommand({ Bucket: 'b', Delete: { Objects: [{ Key: 'a' }] } })),
    ],
    ['s3:ListBucket', '"arn:aws:s3:::b"', s3(new ListObjectsV2Command({ Bucket: 'b' }))],
    ['s3:ListAllMyBuckets', '"*"', s3(new ListBucketsCommand())],
    ['states:StartExecution', machine, sfn(new StartExecutionCommand({ stateMachineArn: machine }))],
    ['states:StopExecution', execution, sfn(new StopExecutionCommand({ executionArn: execution }))],
    ['states:GetExecutionHistory', execution, sfn(new GetExecutionHistoryCommand({ executionArn: execution }))],
    ['ecs:RunTask', account('ecs', 'task-definition/worker:3'), ecs(new RunTaskCommand({ taskDefinition: 'worker' }))],
    ['ecs:StopTask', account('ecs', 'task/c/1'), ecs(new StopTaskCommand({ cluster: 'c', task: '1' }))],
    [
      'ecs:DescribeTasks',
      account('ecs', 'task/c/1'),
      ecs(new DescribeTasksCommand({ tasks: [account('ecs', 'task/c/1')] })),
    ],
    ['ecs:ListTasks', '*', ecs(new ListTasksCommand({ cluster: 'c' }))],
    ['logs:CreateLogStream', group('s'), logs(new CreateLogStreamCommand(stream))],
    ['logs:PutLogEvents', group('s'), logs(new PutLogEventsCommand({ ...stream, logEvents: [] }))],
    ['logs:GetLogEvents', group('s'), logs(new GetLogEventsCommand(stream))],
    [
      'events:PutEvents',
      account('events', 'event-bus/outpost'),
      events(new PutEventsCommand({ Entries: [{ EventBusName: 'outpost' }] })),
    ],
    ['sqs:SendMessage', queueArn, sqs(new SendMessageCommand({ ...queue, MessageBody: 'x' }))],
    ['sqs:SendMessage', queueArn, sqs(new SendMessageBatchCommand({ ...queue, Entries: [] }))],
    ['sqs:ReceiveMessage', queueArn, sqs(new ReceiveMessageCommand(queue))],
    ['sqs:DeleteMessage', queueArn, sqs(new DeleteMessageBatchCommand({ ...queue, Entries: [] }))],
    [
      'sqs:ChangeMessageVisibility',
      queueArn,
      sqs(new ChangeMessageVisibilityCommand({ ...queue, ReceiptHandle: 'h', VisibilityTimeout: 0 })),
    ],
    ['sqs:GetQueueUrl', queueArn, sqs(new GetQueueUrlCommand({ QueueName: 'q' }))],
    ['sqs:ListQueues', '*', sqs(new ListQueuesCommand())],
    [
      'secretsmanager:GetSecretValue',
      account('secretsmanager', 'secret:/outpost/system/A-??????'),
      secrets(new GetSecretValueCommand({ SecretId: '/outpost/system/A' })),
    ],
    [
      'secretsmanager:GetSecretValue',
      account('secretsmanager', 'secret:A-AbCdEf'),
      secrets(new GetSecretValueCommand({ SecretId: account('secretsmanager', 'secret:A-AbCdEf') })),
    ],
    ['secretsmanager:ListSecrets', '*', secrets(new ListSecretsCommand())],
    [
      'lambda:InvokeFunction',
      account('lambda', 'function:f'),
      lambda(new InvokeCommand({ FunctionName: account('lambda', 'function:f') })),
    ],
  ])('%s on %s', async (action, resource, call) => {
    const refused = call(nobody);

    await expect(refused).rejects.toThrow(
      'User: arn:aws:sts::000000000000:assumed-role/nobody/session is not authorized to perform: ' +
        `${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
    );
  });

  it.each<[string, Call, string]>([
    ['AccessDeniedException', dynamoDb(new GetItemCommand({ TableName: 't', Key })), '400'],
    ['AccessDenied', s3(new GetObjectCommand(object)), '403'],
    ['AccessDeniedException', lambda(new InvokeCommand({ FunctionName: 'f' })), '403'],
    ['AccessDenied', sqs(new ReceiveMessageCommand(queue)), '403'],
  ])('is refused as %s by %s', async (name, call, status) => {
    const error = await call(nobody).catch((reason: unknown) => reason);

    expect(error).toMatchObject({ name, $metadata: { httpStatusCode: Number(status) } });
  });

  it('tells one tenant’s secrets from another’s and from the platform’s, as a policy names them', async () => {
    const resources = ['secret:/outpost/system/A-??????', 'secret:/outpost/users/acme/*'];
    const Resource = resources.map((resource) => account('secretsmanager', resource));
    const reader = await iam.role('reader', [{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource }]);
    const read = (SecretId: string) =>
      secrets(new GetSecretValueCommand({ SecretId }))(reader).then(
        () => true,
        () => false,
      );

    const allowed = await Promise.all(
      ['system/A', 'users/acme/B', 'system/AB', 'system/B', 'users/acmes/B', 'users/other/B'].map((name) =>
        read(`/outpost/${name}`),
      ),
    );

    expect(allowed).toEqual([true, true, false, false, false, false]);
  });

  it('reads the source of a copy, too', async () => {
    const writer = await iam.role('writer', [{ Effect: 'Allow', Action: 's3:PutObject', Resource: '*' }]);

    const copying = s3(new CopyObjectCommand({ ...object, CopySource: '/from/a%20b' }))(writer);

    await expect(copying).rejects.toThrow('s3:GetObject on resource: "arn:aws:s3:::from/a b"');
  });

  it('lets everything pass that the operator asks for', async () => {
    const operator = iam.clientOptions('arn:aws:iam::000000000000:role/operator');

    await expect(s3(new HeadBucketCommand({ Bucket: 'b' }))(operator)).resolves.toBeDefined();
    await expect(s3(new HeadObjectCommand(object))(operator)).resolves.toBeDefined();
  });
});
