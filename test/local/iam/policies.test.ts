import { DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsRequest } from '../../../local/aws-service.ts';
import { AwsError } from '../../../local/gateway/aws-error.ts';
import { EXECUTION_ROLE, type IamInTest, openIam, TASK_ROLE, trusting } from './iam-in-test.ts';

const TABLE = 'arn:aws:dynamodb:us-east-1:000000000000:table/dispatches';
const get = new GetItemCommand({ TableName: 'dispatches', Key: { id: { S: 'a' } } });
const queryIndex = new QueryCommand({ TableName: 'dispatches', IndexName: 'i' });
const allow = (Action: string | string[], Resource: string | string[], more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const document = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });

let iam: IamInTest;
let count = 0;
const freshName = () => {
  count += 1;
  return `role-${count}`;
};

beforeAll(async () => {
  iam = await openIam();
});
afterAll(() => iam.close());

async function outcome(statements: readonly object[], command: GetItemCommand | QueryCommand = get): Promise<string> {
  const options = await iam.role(freshName(), statements);
  const sending = new DynamoDBClient(options).send(command as GetItemCommand);
  return sending.then(
    () => 'allowed',
    (error: unknown) => (String(error).includes('explicit deny') ? 'explicitly denied' : 'denied'),
  );
}

describe('a policy', () => {
  it.each<[string, object[], string]>([
    ['the action and the resource', [allow('dynamodb:GetItem', TABLE)], 'allowed'],
    ['an action in another case', [allow('DynamoDB:getitem', TABLE)], 'allowed'],
    ['wildcards', [allow('dynamodb:Get*', 'arn:aws:dynamodb:*:*:table/dis?atches')], 'allowed'],
    ['everything', [allow('*', '*')], 'allowed'],
    ['another action', [allow('dynamodb:PutItem', TABLE)], 'denied'],
    ['another table', [allow('dynamodb:*', `${TABLE}-2`)], 'denied'],
    ['only the indexes', [allow('dynamodb:*', `${TABLE}/index/*`)], 'denied'],
    [
      'the action, but denies it',
      [allow('*', '*'), { ...allow('dynamodb:GetItem', '*'), Effect: 'Deny' }],
      'explicitly denied',
    ],
    ['all but another action', [{ Effect: 'Allow', NotAction: 'dynamodb:PutItem', Resource: '*' }], 'allowed'],
    ['all but this action', [{ Effect: 'Allow', NotAction: 'dynamodb:Get*', Resource: '*' }], 'denied'],
    ['all but this resource', [{ Effect: 'Allow', Action: '*', NotResource: TABLE }], 'denied'],
    ['nothing', [], 'denied'],
  ])('that allows %s', async (_, statements, expected) => {
    expect(await outcome(statements)).toBe(expected);
  });

  it('for a table says nothing about its indexes', async () => {
    expect(await outcome([allow('dynamodb:Query', TABLE)], queryIndex)).toBe('denied');
    expect(await outcome([allow('dynamodb:Query', `${TABLE}/index/i`)], queryIndex)).toBe('allowed');
  });

  it.each<[string, object, string]>([
    ['StringEquals, met', { StringEquals: { 'aws:RequestedRegion': ['us-east-1', 'eu-west-1'] } }, 'allowed'],
    ['StringEquals, not met', { StringEquals: { 'aws:requestedregion': 'eu-west-1' } }, 'denied'],
    ['StringNotEquals', { StringNotEquals: { 'aws:RequestedRegion': 'us-east-1' } }, 'denied'],
    ['StringLike', { StringLike: { 'aws:RequestedRegion': 'us-*' } }, 'allowed'],
    ['a key that the request lacks', { StringEquals: { 'ecs:cluster': 'x' } }, 'denied'],
    ['the same, IfExists', { StringEqualsIfExists: { 'ecs:cluster': 'x' } }, 'allowed'],
    ['Null of a key that is missing', { Null: { 'ecs:cluster': 'true' } }, 'allowed'],
    ['Null of a key that is there', { Null: { 'aws:PrincipalArn': 'true' } }, 'denied'],
    ['Bool', { Bool: { 'aws:SecureTransport': 'false' } }, 'denied'],
    ['ArnLike', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/role-*' } }, 'allowed'],
    ['ArnEquals', { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::1:role/x' } }, 'denied'],
    ['NumericGreaterThan', { NumericGreaterThan: { 'aws:EpochTime': 1_000 } }, 'allowed'],
    ['DateLessThan', { DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }, 'denied'],
    ['ForAllValues without the key', { 'ForAllValues:StringEquals': { 'ecs:cluster': 'x' } }, 'allowed'],
    [
      'two conditions, one not met',
      { Bool: { 'aws:SecureTransport': 'true' }, StringLike: { 'aws:RequestedRegion': 'x' } },
      'denied',
    ],
  ])('with the condition %s', async (_, Condition, expected) => {
    expect(await outcome([allow('dynamodb:GetItem', TABLE, { Condition })])).toBe(expected);
  });

  it.each<[string, object, string]>([
    [
      'an operator',
      document(allow('*', '*', { Condition: { StringIs: { 'aws:PrincipalArn': 'x' } } })),
      "operator 'StringIs'",
    ],
    ['a condition key', document(allow('*', '*', { Condition: { Bool: { 'aws:Secure': 'x' } } })), "key 'aws:Secure'"],
    ['a resource', document(allow('*', 'table/dispatches')), "Resource 'table/dispatches'"],
    ['an action', document(allow('GetItem', '*')), "Action 'GetItem'"],
    ['an element', document({ ...allow('*', '*'), Ressource: '*' }), 'Ressource'],
    ['a version', { ...document(), Version: '2008-10-17' }, 'Version'],
    ['a statement without a resource', document({ Effect: 'Allow', Action: '*' }), 'one of Resource and NotResource'],
  ])('is refused for %s that is not understood', async (_, PolicyDocument, message) => {
    await iam.role('refusing', []);

    const creating = iam.create('AWS::IAM::Policy', { PolicyName: 'odd', PolicyDocument, Roles: ['refusing'] });

    await expect(creating).rejects.toThrow(/^the policy odd: /);
    await expect(creating).rejects.toThrow(message);
  });

  it('reaches a role from wherever it is attached', async () => {
    const PolicyDocument = document(allow('dynamodb:GetItem', TABLE));
    const attached = await iam.role('attached', []);
    await iam.create('AWS::IAM::Policy', { PolicyName: 'p', PolicyDocument, Roles: ['attached'] });
    const managed = await iam.create('AWS::IAM::ManagedPolicy', { ManagedPolicyName: 'm', PolicyDocument });
    const havingIt = await iam.role('having', [], { ManagedPolicyArns: [managed] });

    for (const options of [attached, havingIt]) {
      await expect(new DynamoDBClient(options).send(get)).resolves.toBeDefined();
    }
  });

  it("of AWS's own is known, or refused by name", async () => {
    const arn = 'arn:aws:iam::aws:policy';
    const basic = iam.role('basic', [], { ManagedPolicyArns: [`${arn}/service-role/AWSLambdaBasicExecutionRole`] });
    const admin = iam.role('admin', [], { ManagedPolicyArns: [`${arn}/AdministratorAccess`] });

    await expect(basic).resolves.toBeDefined();
    await expect(admin).rejects.toThrow(
      "the embedded AWS doesn't know what arn:aws:iam::aws:policy/AdministratorAccess",
    );
  });
});

describe('the requests that need more than one permission', () => {
  const cluster = { ArnEquals: { 'ecs:cluster': 'arn:aws:ecs:us-east-1:000000000000:cluster/main' } };
  const runTask = allow('ecs:RunTask', 'arn:aws:ecs:us-east-1:000000000000:task-definition/worker:3', {
    Condition: cluster,
  });
  const passed = { StringLike: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } };
  const passRoles = allow('iam:PassRole', [TASK_ROLE, EXECUTION_ROLE], { Condition: passed });
  const tagging = allow('ecs:TagResource', 'arn:aws:ecs:us-east-1:000000000000:task/main/*');

  it.each<[string, object[], object, string | undefined]>([
    ['all of them', [runTask, passRoles], {}, undefined],
    ['no PassRole', [runTask], {}, `iam:PassRole on resource: ${TASK_ROLE}`],
    [
      'PassRole for one of two',
      [runTask, allow('iam:PassRole', TASK_ROLE)],
      {},
      `iam:PassRole on resource: ${EXECUTION_ROLE}`,
    ],
    ['another cluster', [runTask, passRoles], { cluster: 'other' }, 'ecs:RunTask on resource'],
    ['tags without TagResource', [runTask, passRoles], { tags: [{ key: 'a', value: 'b' }] }, 'ecs:TagResource'],
    ['tags with it', [runTask, passRoles, tagging], { tags: [{ key: 'a', value: 'b' }] }, undefined],
    [
      'a role in the overrides',
      [runTask, passRoles],
      { overrides: { taskRoleArn: 'arn:aws:iam::000000000000:role/other' } },
      'iam:PassRole on resource: arn:aws:iam::000000000000:role/other',
    ],
  ])('RunTask: %s', async (_, statements, more, missing) => {
    const client = new ECSClient(await iam.role(freshName(), statements));

    const running = client.send(new RunTaskCommand({ cluster: 'main', taskDefinition: 'worker', ...more }));

    const message = await running.then(() => undefined, String);
    if (missing === undefined) expect(message).toBeUndefined();
    else expect(message).toContain(missing);
  });

  it('asks for each bus of PutEvents, with the source of its entry', async () => {
    const bus = 'arn:aws:events:us-east-1:000000000000:event-bus/main';
    const condition = { StringEquals: { 'events:source': 'outpost' } };
    const client = new EventBridgeClient(
      await iam.role('publisher', [allow('events:PutEvents', bus, { Condition: condition })]),
    );
    const put = (...Sources: string[]) =>
      client.send(new PutEventsCommand({ Entries: Sources.map((Source) => ({ Source, EventBusName: 'main' })) }));

    await expect(put('outpost')).resolves.toBeDefined();
    await expect(put('outpost', 'other')).rejects.toThrow('events:PutEvents');
  });

  it.each([
    ['a state machine', 'arn:aws:states:us-east-1:000000000000:stateMachine:dispatch', true],
    ['all', '*', true],
    ['executions only', 'arn:aws:states:us-east-1:000000000000:execution:dispatch:*', false],
  ])('lets a task token be answered by who may answer for %s', async (_, resource, may) => {
    const client = new SFNClient(await iam.role(freshName(), [allow('states:SendTaskSuccess', resource)]));

    const answer = await client.send(new SendTaskSuccessCommand({ taskToken: 't', output: '{}' })).then(
      () => true,
      () => false,
    );

    expect(answer).toBe(may);
  });
});

describe('a role', () => {
  it.each<[string, object, string, boolean]>([
    ['the service that it names', trusting('lambda.amazonaws.com'), 'lambda.amazonaws.com', true],
    ['no other service', trusting('lambda.amazonaws.com'), 'ecs-tasks.amazonaws.com', false],
    [
      'this account',
      trusting('states.amazonaws.com', { Condition: { StringEquals: { 'aws:SourceAccount': '000000000000' } } }),
      'states.amazonaws.com',
      true,
    ],
    [
      'no other account',
      trusting('states.amazonaws.com', { Condition: { StringEquals: { 'aws:SourceAccount': '1' } } }),
      'states.amazonaws.com',
      false,
    ],
    [
      'a source that is not known yet',
      trusting('states.amazonaws.com', { Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:states:*:*:*' } } }),
      'states.amazonaws.com',
      true,
    ],
  ])('trusts %s', async (_, AssumeRolePolicyDocument, service, expected) => {
    const arn = await iam.create('AWS::IAM::Role', { RoleName: freshName(), AssumeRolePolicyDocument });

    expect(iam.iam.trusts(arn, service)).toBe(expected);
  });

  it('that does not exist is trusted by nobody, and may do nothing', async () => {
    const arn = 'arn:aws:iam::000000000000:role/ghost';

    expect(iam.iam.trusts(arn, 'lambda.amazonaws.com')).toBe(false);
    await expect(new DynamoDBClient(iam.clientOptions(arn)).send(get)).rejects.toThrow('not authorized');
  });

  it('of a service principal is left to the resource policies of Lambda, and may do nothing else', async () => {
    const options = iam.clientOptions('service:events.amazonaws.com');

    await expect(new DynamoDBClient(options).send(get)).rejects.toThrow('dynamodb:GetItem');
  });
});

describe('a missing object', () => {
  const request = (roleArn: string): AwsRequest => ({
    service: 's3',
    method: 'GET',
    path: '/b/missing',
    query: '',
    headers: {},
    caller: { accessKeyId: '', secretAccessKey: '', roleArn, sessionName: 's' },
    requestId: 'r',
    stream: process.stdin,
    readBody: () => Promise.resolve(Buffer.alloc(0)),
  });

  it.each([
    ['missing to who may list the bucket', 's3:ListBucket', 'NoSuchKey'],
    ['forbidden to who may not', 's3:GetObject', 'AccessDenied'],
  ])('is %s', async (_, action, code) => {
    const missing = new AwsError('NoSuchKey', 'The specified key does not exist.', { status: 404 });
    const s3 = { signingName: 's3', resources: {}, close: async () => {}, handle: () => Promise.reject(missing) };
    const name = freshName();
    await iam.role(name, [allow(action, ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'])]);

    const answering = iam.iam.hideMissingObjects(s3).handle(request(`arn:aws:iam::000000000000:role/${name}`));

    await expect(answering).rejects.toMatchObject({ code });
  });
});

it('tells the operator what a role is refused, once for each action', async () => {
  const name = freshName();
  const client = new DynamoDBClient(await iam.role(name, []));

  for (const command of [get, get, queryIndex]) await client.send(command as GetItemCommand).catch(() => {});

  const told = iam.lines.filter((line) => line.includes(`/${name}/`));
  expect(told.map((line) => /perform: (\S+)/.exec(line)?.[1])).toEqual(['dynamodb:GetItem', 'dynamodb:Query']);
});
