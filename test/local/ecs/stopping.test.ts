import { chmodSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { removeFolder } from '../../../local/ecs/task-folder.ts';
import { awslogs, idOf, isAlive, type Stand, startStand, waitFor } from './stand.ts';

const images = {
  app: `process.exit(Number(process.env.EXIT ?? 0));`,
  stubborn: `process.on('SIGTERM', () => console.log('no')); console.log('up'); setInterval(() => {}, 1000);`,
  obedient: `console.log('up'); setInterval(() => {}, 1000);`,
  farewell: `process.on('SIGTERM', () => { console.log('bye'); process.exit(7); }); console.log('up'); setInterval(() => {}, 1000);`,
  escape: `
    import { spawn } from 'node:child_process';
    const options = { cwd: process.env.WORKSPACE_DIR, env: {}, detached: true, stdio: ['ignore', 'inherit', 'inherit'] };
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], options);
    child.unref();
    console.log('child ' + child.pid);`,
  litter: `
    import { spawn } from 'node:child_process';
    const options = { detached: true, stdio: ['ignore', 'inherit', 'inherit'] };
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], options);
    child.unref();
    console.log('child ' + child.pid);
    if (process.env.STAY) setInterval(() => {}, 1000);`,
};

let stand: Stand;
afterEach(() => stand.close());

describe('stopping an ECS task', () => {
  async function running(image: string, container: Record<string, unknown> = {}) {
    stand = await startStand(images);
    await stand.define({ Image: image, LogConfiguration: awslogs, ...container });
    const task = await stand.run();
    await waitFor('the container to be up', () => stand.logOf(task).find((line) => line === 'up'));
    return task;
  }

  it('ends a container by SIGTERM with exit code 143', async () => {
    const task = await running('obedient');

    const answer = await stand.ecs.send(
      new StopTaskCommand({ cluster: 'main', task: task.taskArn, reason: 'outpost:why' }),
    );
    const stop = await stand.until(task, 'STOPPED');

    expect(answer.task).toMatchObject({ desiredStatus: 'STOPPED', lastStatus: 'RUNNING', stopCode: 'UserInitiated' });
    expect(stop).toMatchObject({
      stopCode: 'UserInitiated',
      stoppedReason: 'outpost:why',
      containers: [{ exitCode: 143 }],
    });
  });

  it('lets a container end by its own code within its stop timeout', async () => {
    const task = await running('farewell');

    await stand.ecs.send(new StopTaskCommand({ cluster: 'main', task: idOf(task) }));
    const stop = await stand.until(task, 'STOPPED');

    expect(stop).toMatchObject({ stoppedReason: 'Task stopped by user', containers: [{ exitCode: 7 }] });
    expect(stand.logOf(task)).toEqual(['up', 'bye']);
  });

  it('kills a container that outlives its stop timeout, with exit code 137', async () => {
    const task = await running('stubborn', { StopTimeout: 1 });

    await stand.ecs.send(new StopTaskCommand({ cluster: 'main', task: task.taskArn }));
    const stop = await stand.until(task, 'STOPPED');

    expect(stop.containers).toMatchObject([{ exitCode: 137 }]);
    expect(stand.logOf(task)).toEqual(['up', 'no']);
  });

  it('keeps the first reason, and answers a second stop as well', async () => {
    const task = await running('farewell');
    const stopFor = (reason: string) =>
      stand.ecs.send(new StopTaskCommand({ cluster: 'main', task: task.taskArn, reason }));

    await Promise.all([stopFor('first'), stopFor('first')]);
    await stand.until(task, 'STOPPED');
    const late = await stopFor('late');

    expect(late.task).toMatchObject({ lastStatus: 'STOPPED', stoppedReason: 'first' });
    expect(stand.eventsOf(task).filter(({ lastStatus }) => lastStatus === 'STOPPED')).toHaveLength(1);
  });

  it('never starts a task that was stopped while it waited for its turn', async () => {
    stand = await startStand({ app: 'setInterval(() => {}, 1000);' }, { startsAtOnce: 1 });
    await stand.define();
    await stand.run();
    const waiting = await stand.run();

    await stand.ecs.send(new StopTaskCommand({ cluster: 'main', task: waiting.taskArn }));
    const stop = await stand.until(waiting, 'STOPPED');

    expect(stop.containers[0]).not.toHaveProperty('exitCode');
    expect(stand.eventsOf(waiting).map(({ lastStatus }) => lastStatus)).not.toContain('RUNNING');
  });

  it('takes spot capacity away with its own stop code', async () => {
    const task = await running('farewell');

    stand.service.interruptSpot(task.taskArn ?? '');
    const stop = await stand.until(task, 'STOPPED');

    expect(stop).toMatchObject({ stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.' });
  });

  it('knows no task that was never started', async () => {
    stand = await startStand(images);
    await stand.define();

    const stop = stand.ecs.send(new StopTaskCommand({ cluster: 'main', task: '0'.repeat(32) }));

    await expect(stop).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'The referenced task was not found.',
    });
  });
});

describe('what a task leaves behind', () => {
  async function childOf(task: Parameters<Stand['logOf']>[0]): Promise<number> {
    const line = await waitFor('the pid of the child', () =>
      stand.logOf(task).find((text) => text.startsWith('child ')),
    );
    return Number(line.slice('child '.length));
  }

  it('is gone when it has stopped: processes that left its session, and its folder', async () => {
    stand = await startStand(images);
    await stand.define({ Image: 'litter', LogConfiguration: awslogs });

    const task = await stand.run();
    await stand.until(task, 'STOPPED');

    expect(isAlive(await childOf(task))).toBe(false);
    expect(existsSync(join(stand.folder, 'ecs', 'work', idOf(task)))).toBe(false);
  });

  // Only Linux tells where a process works.
  it.runIf(process.platform === 'linux')(
    'is gone though it has left session, parent and environment, and holds the output open',
    async () => {
      stand = await startStand(images);
      await stand.define({ Image: 'escape', LogConfiguration: awslogs });

      const task = await stand.run();
      await stand.until(task, 'STOPPED');

      expect(isAlive(await childOf(task))).toBe(false);
    },
  );

  it('is gone when the service has closed, and a new start tells of the stop', async () => {
    stand = await startStand(images);
    await stand.define({ Image: 'litter', LogConfiguration: awslogs, Environment: [{ Name: 'STAY', Value: '1' }] });
    const task = await stand.run();
    const child = await childOf(task);

    await stand.service.close();
    const alive = isAlive(child);
    const again = await startStand(images, { folder: stand.folder });
    await again.define();

    expect(alive).toBe(false);
    expect(again.eventsOf(task)).toMatchObject([{ lastStatus: 'STOPPED', stopCode: 'TerminationNotice' }]);
    await again.close();
  });

  it('is killed when the service closes and it does not end by itself', async () => {
    stand = await startStand(images, { closeGrace: 100 });
    await stand.define({ Image: 'stubborn', LogConfiguration: awslogs, StopTimeout: 120 });
    const task = await stand.run();
    await waitFor('the container to be up', () => stand.logOf(task).find((line) => line === 'up'));

    await stand.service.close();

    expect(stand.eventsOf(task).at(-1)).toMatchObject({ lastStatus: 'STOPPED', containers: [{ exitCode: 137 }] });
  });

  it('can be removed where it has made folders that nobody may write to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'outpost-ecs-'));
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    writeFileSync(join(folder, 'a', 'b', 'file'), '');
    for (const name of ['a/b', 'a']) chmodSync(join(folder, name), 0o500);

    await removeFolder(folder);

    expect(existsSync(folder)).toBe(false);
  });

  it('refuses to start anything once it closes', async () => {
    stand = await startStand(images);
    await stand.define();

    await stand.service.close();
    const start = stand.ecs.send(new RunTaskCommand({ taskDefinition: 'worker', cluster: 'main' }));

    await expect(start).rejects.toMatchObject({ name: 'ServerException' });
  });
});
