import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeTasksCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { awslogs, type Stand, startStand } from './stand.ts';

const images = {
  app: `process.exit(Number(process.env.EXIT ?? 0));`,
  stubborn: `process.on('SIGTERM', () => console.log('no')); console.log('up'); setInterval(() => {}, 1000);`,
  obedient: `console.log('up'); setInterval(() => {}, 1000);`,
  farewell: `process.on('SIGTERM', () => { console.log('bye'); process.exit(7); }); console.log('up'); setInterval(() => {}, 1000);`,
  litter: `
    import { spawn } from 'node:child_process';
    const options = { detached: true, stdio: ['ignore', 'inherit', 'inherit'] };
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], options);
    child.unref();
    console.log('child ' + child.pid);
    if (process.env.STAY) setInterval(() => {}, 1000);`,
};

const RECORDED = join(import.meta.dirname, '../../../../shared/aws-recorded/open');

/** What Step Functions adds to the task of an event: empty lists for members that its model has and the event has not. */
const FILLED_IN = ['inferenceAccelerators', 'tags', 'gpuIds', 'managedAgents', 'command', 'environment'];
const ALSO_FILLED_IN = ['environmentFiles', 'resourceRequirements'];
/** Members of the event that are no members of a task in the API, which Step Functions leaves out. */
const LEFT_OUT = ['updatedAt'];

let stand: Stand;
afterEach(() => stand.close());

async function exitWith(code: string) {
  return stand.run({
    overrides: { containerOverrides: [{ name: 'worker', environment: [{ name: 'EXIT', value: code }] }] },
  });
}

describe('the life of an ECS task', () => {
  it('goes through every status in order, with versions that count up', async () => {
    stand = await startStand(images);
    await stand.define();

    const task = await stand.run();
    await stand.until(task, 'STOPPED');

    expect(
      stand.eventsOf(task).map(({ lastStatus, desiredStatus, version }) => [lastStatus, desiredStatus, version]),
    ).toEqual([
      ['PROVISIONING', 'RUNNING', 1],
      ['PENDING', 'RUNNING', 2],
      ['RUNNING', 'RUNNING', 3],
      ['DEPROVISIONING', 'STOPPED', 4],
      ['STOPPED', 'STOPPED', 5],
    ]);
  });

  it.each([0, 3])('ends with the exit code %i of its container', async (code) => {
    stand = await startStand(images);
    await stand.define();

    const stop = await stand.until(await exitWith(String(code)), 'STOPPED');

    expect(stop).toMatchObject({
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [{ name: 'worker', exitCode: code, lastStatus: 'STOPPED' }],
    });
  });

  it('says in an event what DescribeTasks says, with ISO times and the attachment under its other name', async () => {
    stand = await startStand(images);
    await stand.define();

    const task = await stand.run();
    await stand.until(task, 'STOPPED');
    const { detail } = stand.rawEvents.at(-1) ?? {};
    const described = await stand.describe(task);

    expect(stand.rawEvents.at(-1)).toMatchObject({
      source: 'aws.ecs',
      'detail-type': 'ECS Task State Change',
      resources: [task.taskArn],
    });
    expect(detail).toMatchObject({
      stoppedAt: described.stoppedAt?.toISOString(),
      pullStartedAt: described.pullStartedAt?.toISOString(),
      createdAt: task.createdAt?.toISOString(),
      attachments: [{ type: 'eni', status: 'DELETED' }],
      overrides: { containerOverrides: [{ name: 'worker' }] },
    });
    expect(described).toMatchObject({
      attachments: [{ type: 'ElasticNetworkInterface' }],
      platformFamily: 'Linux',
      version: 5,
    });
  });

  it('has the fields that AWS answers RunTask with', async () => {
    stand = await startStand(images);
    const definition = await stand.define();

    const task = await stand.run({ startedBy: 'AWS Step Functions' });

    expect(task).toMatchObject({
      attachments: [
        { type: 'ElasticNetworkInterface', status: 'PRECREATED', details: [{ name: 'subnetId', value: 'subnet-1' }] },
      ],
      attributes: [{ name: 'ecs.cpu-architecture', value: 'x86_64' }],
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/main',
      containers: [{ name: 'worker', image: 'app', cpu: '0', lastStatus: 'PENDING', networkInterfaces: [] }],
      cpu: '256',
      memory: '512',
      group: 'family:worker',
      lastStatus: 'PROVISIONING',
      launchType: 'FARGATE',
      startedBy: 'AWS Step Functions',
      taskDefinitionArn: definition,
      version: 1,
    });
    expect(task.containers?.[0]).not.toHaveProperty('runtimeId');
    expect(task).not.toHaveProperty('startedAt');
  });

  it('fails to start where its image is unknown, with no exit code', async () => {
    stand = await startStand(images);
    await stand.define({ Image: 'no-such-image' });

    const stop = await stand.until(await stand.run(), 'STOPPED');

    expect(stop).toMatchObject({ stopCode: 'TaskFailedToStart', version: 4 });
    expect(stop.stoppedReason).toMatch(/^CannotPullContainerError: .*no-such-image/);
    expect(stop.containers[0]).not.toHaveProperty('exitCode');
  });

  it('fails to start where its command cannot be run', async () => {
    stand = await startStand(images);
    await stand.define({ EntryPoint: ['/no/such/command'], LogConfiguration: awslogs });

    const stop = await stand.until(await stand.run(), 'STOPPED');

    expect(stop.stopCode).toBe('TaskFailedToStart');
    expect(stop.stoppedReason).toMatch(/^CannotStartContainerError: .*ENOENT/);
  });

  it('fails to start where its log group is missing', async () => {
    stand = await startStand(images);
    const Options = { ...awslogs.Options, 'awslogs-group': '/none' };
    await stand.define({ LogConfiguration: { ...awslogs, Options } });

    const stop = await stand.until(await stand.run(), 'STOPPED');

    expect(stop.stopCode).toBe('TaskFailedToStart');
    expect(stop.stoppedReason).toMatch(
      /^ResourceInitializationError: .*ResourceNotFoundException: The specified log group does not exist/,
    );
  });

  it('starts at most as many at once as it may, the others in their order', async () => {
    stand = await startStand({ ...images, silent: 'setInterval(() => {}, 1000);' }, { startsAtOnce: 1 });
    await stand.define({ Image: 'silent' });

    const first = await stand.run();
    const second = await stand.run();
    await stand.until(first, 'RUNNING');
    const whileFirstStarts = stand.eventsOf(second).map(({ lastStatus }) => lastStatus);
    await stand.ecs.send(new StopTaskCommand({ cluster: 'main', task: first.taskArn }));
    await stand.until(second, 'RUNNING');

    expect(whileFirstStarts).toEqual(['PROVISIONING']);
  });

  it('runs sidecars until the essential container exits', async () => {
    stand = await startStand(images);
    await stand.define(
      {},
      {
        ContainerDefinitions: [
          { Name: 'worker', Image: 'app', Environment: [{ Name: 'EXIT', Value: 5 }] },
          { Name: 'sidecar', Image: 'obedient', Essential: false },
        ],
      },
    );

    const stop = await stand.until(await stand.run(), 'STOPPED');

    expect(stop.containers).toMatchObject([{ exitCode: 5 }, { name: 'sidecar', exitCode: 143 }]);
  });
});

describe('how long a stopped task is known', () => {
  it('is an hour, then it is MISSING', async () => {
    let ahead = 0;
    stand = await startStand(images, { now: () => Date.now() + ahead });
    await stand.define();
    const task = await stand.run();
    await stand.until(task, 'STOPPED');
    const describeTasks = new DescribeTasksCommand({ cluster: 'main', tasks: [task.taskArn ?? '', 'f'.repeat(32)] });

    ahead = 59 * 60_000;
    const before = await stand.ecs.send(describeTasks);
    ahead = 61 * 60_000;
    const after = await stand.ecs.send(describeTasks);

    expect(before.tasks).toMatchObject([{ taskArn: task.taskArn }]);
    expect(before.failures).toEqual([
      { arn: `arn:aws:ecs:us-east-1:000000000000:task/main/${'f'.repeat(32)}`, reason: 'MISSING' },
    ]);
    expect(after.tasks).toEqual([]);
    expect(after.failures).toMatchObject([{ arn: task.taskArn, reason: 'MISSING' }, { reason: 'MISSING' }]);
  });
});

/** Every member that a task holds, as paths without positions: `containers[].exitCode`. */
function membersOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => membersOf(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, member]) => {
    const name = key.charAt(0).toLowerCase() + key.slice(1);
    if ([...FILLED_IN, ...ALSO_FILLED_IN, ...LEFT_OUT].includes(name)) return [];
    if (Array.isArray(member) && member.length === 0) return [`${path}.${name}`];
    return membersOf(member, `${path}.${name}`);
  });
}

function recordedTask(name: string): unknown {
  const { taskResults } = JSON.parse(readFileSync(join(RECORDED, `${name}.json`), 'utf8'));
  return taskResults[0].output ?? taskResults[0].cause;
}

if (existsSync(RECORDED)) {
  describe('the last event of a task, beside what AWS was recorded to say', () => {
    it.each([
      ['of success', 'services.ecs_task_service.run_task_sync', 'app'],
      ['of a start that failed', 'services.ecs_task_service.run_task_sync_raise_failure', 'no-such-image'],
    ])('has the same members in the recording %s', async (_, recording, image) => {
      stand = await startStand({ app: '' });
      await stand.define({ Image: image });

      const task = await stand.run({ startedBy: 'AWS Step Functions' });
      const stop = await stand.until(task, 'STOPPED');

      const recorded = recordedTask(recording);
      expect([...new Set(membersOf(stop))].sort()).toEqual([...new Set(membersOf(recorded))].sort());
      expect(stop).toMatchObject({ version: (recorded as { Version: number }).Version });
    });
  });
}
