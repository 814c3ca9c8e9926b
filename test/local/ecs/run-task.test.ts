import {
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTagsForResourceCommand,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
  TagResourceCommand,
} from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awslogs, launch, type Stand, startStand } from './stand.ts';

const images = {
  app: 'setInterval(() => {}, 1000);',
  tell: 'console.log(JSON.stringify({ env: process.env, args: process.argv.slice(2), cwd: process.cwd() }));',
};

let stand: Stand;
beforeEach(async () => {
  stand = await startStand(images, { cpuCapacity: 4096, trusts: (role) => !role.endsWith('/stranger') });
});
afterEach(() => stand.close());

const runTask = (input: Partial<RunTaskCommandInput>) => stand.ecs.send(new RunTaskCommand({ ...launch, ...input }));
const override = (name: string, value: string) => ({
  containerOverrides: [{ name: 'worker', environment: [{ name, value }] }],
});

describe('RunTask', () => {
  it.each([
    ['an unknown family', { taskDefinition: 'nobody' }, 'ClientException', 'TaskDefinition not found.'],
    ['an unknown cluster', { cluster: 'nowhere' }, 'ClusterNotFoundException', 'Cluster not found.'],
    [
      'overrides over 8,192 characters',
      { overrides: override('A', 'x'.repeat(8_192)) },
      'InvalidParameterException',
      'Container Overrides length must be at most 8192',
    ],
    [
      'an override for an unknown container',
      { overrides: { containerOverrides: [{ name: 'django' }] } },
      'InvalidParameterException',
      'Override for container named django is not a container in the TaskDefinition.',
    ],
    [
      'no network configuration',
      { networkConfiguration: undefined },
      'InvalidParameterException',
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    [
      'a cluster without instances',
      { launchType: 'EC2' },
      'InvalidParameterException',
      'No Container Instances were found in your cluster.',
    ],
    ['more than ten', { count: 11 }, 'InvalidParameterException', /^count: /],
    [
      'what it does not understand',
      { placementConstraints: [{ type: 'distinctInstance' }] },
      'InvalidParameterException',
      'placementConstraints: the embedded ECS does not understand this.',
    ],
    [
      'a role that does not trust ECS',
      { overrides: { taskRoleArn: 'arn:aws:iam::000000000000:role/stranger' } },
      'ClientException',
      /^ECS was unable to assume the role/,
    ],
  ] as const)('refuses %s as AWS does', async (_, input, name, message) => {
    await stand.define();

    const answer = runTask(input as Partial<RunTaskCommandInput>);

    await expect(answer).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
  });

  it('starts a request with the same client token once', async () => {
    await stand.define();

    const first = await runTask({ clientToken: 'once', count: 2 });
    const second = await runTask({ clientToken: 'once', count: 2 });
    const other = runTask({ clientToken: 'once', count: 1 });

    expect(first.tasks).toHaveLength(2);
    expect(second.tasks?.map(({ taskArn }) => taskArn)).toEqual(first.tasks?.map(({ taskArn }) => taskArn));
    await expect(other).rejects.toMatchObject({
      name: 'ConflictException',
      resourceIds: first.tasks?.map(({ taskArn }) => taskArn),
    });
  });

  it('answers with failures what is over the capacity', async () => {
    await stand.define({}, { Cpu: '2048' });

    const answer = await runTask({ count: 3 });

    expect(answer.tasks).toHaveLength(2);
    expect(answer.failures).toMatchObject([{ reason: expect.stringMatching(/^Capacity is unavailable at this time/) }]);
  });

  it('has capacity again when a task has stopped', async () => {
    await stand.define({}, { Cpu: '4096' });
    const first = await stand.run();

    await stand.ecs.send(new StopTaskCommand({ cluster: 'main', task: first.taskArn }));
    await stand.until(first, 'STOPPED');

    await expect(stand.run()).resolves.toMatchObject({ lastStatus: 'PROVISIONING' });
  });

  it("takes the cluster's default strategy where it names no launch type", async () => {
    await stand.define();
    await stand.create('AWS::ECS::ClusterCapacityProviderAssociations', 'Providers', {
      Cluster: 'main',
      CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      DefaultCapacityProviderStrategy: [
        { CapacityProvider: 'FARGATE', Base: 1, Weight: 1 },
        { CapacityProvider: 'FARGATE_SPOT', Weight: 3 },
      ],
    });

    const { tasks } = await runTask({ launchType: undefined, count: 5 });

    const providers = tasks?.map(({ capacityProviderName }) => capacityProviderName).sort();
    expect(providers).toEqual(['FARGATE', 'FARGATE', 'FARGATE_SPOT', 'FARGATE_SPOT', 'FARGATE_SPOT']);
  });
});

describe('the environment of a container', () => {
  it('is made of image, definition, overrides and what ECS adds, in this order, and of nothing of ours', async () => {
    process.env.SECRET_OF_PARENT = 'hidden';
    await stand.define({
      Image: 'tell',
      Command: ['from', 'definition'],
      LogConfiguration: awslogs,
      Environment: [
        { Name: 'IMAGE', Value: 'defined' },
        { Name: 'BOTH', Value: 'defined' },
      ],
    });

    const task = await stand.run({ overrides: override('BOTH', 'overridden') });
    await stand.until(task, 'STOPPED');
    delete process.env.SECRET_OF_PARENT;

    const { env, args } = JSON.parse(stand.logOf(task).join(''));
    expect(args).toEqual(['from', 'definition']);
    expect(env).toMatchObject({
      IMAGE: 'defined',
      BOTH: 'overridden',
      AWS_ENDPOINT_URL: stand.endpoint,
      AWS_REGION: 'us-east-1',
      ECS_CONTAINER_METADATA_URI_V4: expect.stringMatching(/\/v4\/[0-9a-f]{32}-0000000000$/),
      WORKSPACE_DIR: expect.stringMatching(/\/work\/[0-9a-f]{32}\/workspace$/),
    });
    expect(env.AWS_ACCESS_KEY_ID).toBeTruthy();
    expect(env).not.toHaveProperty('SECRET_OF_PARENT');
    expect(env).not.toHaveProperty('VITEST');
  });

  it('replaces the command by that of the override', async () => {
    await stand.define({ Image: 'tell', Command: ['from', 'definition'], LogConfiguration: awslogs });

    const task = await stand.run({
      overrides: { containerOverrides: [{ name: 'worker', command: ['mine', '"; $(x)\n'] }] },
    });
    await stand.until(task, 'STOPPED');

    expect(JSON.parse(stand.logOf(task).join('')).args).toEqual(['mine', '"; $(x)\n']);
  });

  it('points to metadata that tell the task and its container', async () => {
    await stand.define();
    const task = await stand.run();
    await stand.until(task, 'RUNNING');
    const uri = `${stand.endpoint}/v4/${task.taskArn?.slice(-32)}`;

    const answers = await Promise.all(
      [`${uri}/task`, uri, `${stand.endpoint}/v4/nobody/task`].map((url) => fetch(url)),
    );
    const [ofTask, ofContainer] = await Promise.all(answers.slice(0, 2).map((answer) => answer.json()));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404]);
    expect(ofTask).toMatchObject({
      Cluster: 'arn:aws:ecs:us-east-1:000000000000:cluster/main',
      TaskARN: task.taskArn,
      Family: 'worker',
      Revision: '1',
      Containers: [{ Name: 'worker' }],
    });
    expect(ofContainer).toMatchObject({ Name: 'worker', ContainerARN: task.containers?.[0]?.containerArn });
  });
});

describe('ListTasks', () => {
  it('lists by what it is asked for, page by page', async () => {
    await stand.define();
    const { tasks: mine = [] } = await runTask({ count: 3, startedBy: 'me' });
    const other = await stand.run();
    const list = (input: object) => stand.ecs.send(new ListTasksCommand({ cluster: 'main', ...input }));

    const all = await list({});
    const first = await list({ startedBy: 'me', maxResults: 2 });
    const second = await list({ startedBy: 'me', maxResults: 2, nextToken: first.nextToken });
    const stopped = await list({ desiredStatus: 'STOPPED' });
    const strange = await list({ family: 'nobody' });

    expect(all.taskArns).toEqual([...mine, other].map(({ taskArn }) => taskArn));
    expect([first.taskArns?.length, second.taskArns?.length, second.nextToken]).toEqual([2, 1, undefined]);
    expect([...(first.taskArns ?? []), ...(second.taskArns ?? [])]).toEqual(mine.map(({ taskArn }) => taskArn));
    expect([stopped.taskArns, strange.taskArns]).toEqual([[], []]);
  });
});

describe('tags', () => {
  it('come with RunTask and TagResource, and are told where they are asked for', async () => {
    await stand.define({}, { Tags: [{ Key: 'team', Value: 'core' }] });
    const task = await stand.run({ propagateTags: 'TASK_DEFINITION', tags: [{ key: 'dispatch', value: '1' }] });
    const resourceArn = task.taskArn ?? '';

    await stand.ecs.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'dispatch', value: '2' }] }));
    const listed = await stand.ecs.send(new ListTagsForResourceCommand({ resourceArn }));
    const described = await stand.ecs.send(
      new DescribeTasksCommand({ cluster: 'main', tasks: [resourceArn], include: ['TAGS'] }),
    );

    const tags = [
      { key: 'team', value: 'core' },
      { key: 'dispatch', value: '2' },
    ];
    expect(listed.tags).toEqual(tags);
    expect(described.tasks?.[0]?.tags).toEqual(tags);
    expect((await stand.describe(task)).tags).toEqual([]);
  });
});

describe('task definitions', () => {
  it('keep their revision while their content stays, and get the next one for other content', async () => {
    const first = await stand.define();
    const restarted = await startStand(images, { folder: stand.folder });
    const same = await restarted.define();
    const changed = await startStand(images, { folder: stand.folder });
    const next = await changed.define({ Command: ['other'] });
    const old = await changed.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: first }));
    const latest = await changed.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'worker' }));
    await Promise.all([restarted.close(), changed.close()]);

    expect(first).toBe('arn:aws:ecs:us-east-1:000000000000:task-definition/worker:1');
    expect(same).toBe(first);
    expect(next).toBe('arn:aws:ecs:us-east-1:000000000000:task-definition/worker:2');
    expect(old.taskDefinition).toMatchObject({ status: 'INACTIVE', revision: 1 });
    expect(latest.taskDefinition).toMatchObject({
      status: 'ACTIVE',
      family: 'worker',
      revision: 2,
      cpu: '256',
      containerDefinitions: [{ name: 'worker', command: ['other'], essential: true }],
    });
  });

  it.each([
    ['ContainerDefinitions.0.Secrets', { Secrets: [{ Name: 'KEY', ValueFrom: 'arn' }] }, {}],
    ['ContainerDefinitions.0.HealthCheck', { HealthCheck: { Command: ['true'] } }, {}],
    ['ContainerDefinitions.0.StopTimeout', { StopTimeout: 121 }, {}],
    ['PlacementConstraints', {}, { PlacementConstraints: [] }],
    ['NetworkMode', {}, { NetworkMode: 'host' }],
    ['ExecutionRoleArn', { LogConfiguration: awslogs }, { ExecutionRoleArn: undefined }],
  ])('are refused by the name of what is not understood: %s', async (property, container, definition) => {
    const creation = stand.define(container, definition);

    await expect(creation).rejects.toThrow(property);
  });
});
