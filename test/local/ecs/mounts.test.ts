import { DescribeTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Stand, startStand } from './stand.ts';

const images = { app: 'console.log(process.env.DIR, process.env.BELOW, process.env.BESIDE);' };
const EFS = {
  Name: 'files',
  EFSVolumeConfiguration: {
    FilesystemId: 'fs-1',
    TransitEncryption: 'ENABLED',
    AuthorizationConfig: { IAM: 'ENABLED' },
  },
};
const MOUNT = { SourceVolume: 'files', ContainerPath: '/mnt/files', ReadOnly: false };
const Environment = [
  { Name: 'DIR', Value: '/mnt/files' },
  { Name: 'BELOW', Value: '/mnt/files/users/acme' },
  { Name: 'BESIDE', Value: '/mnt/files-of-others' },
];

let stand: Stand;
afterEach(() => stand.close());

const folderOf = (fileSystemId: string, roleArn: string) => `/data/${fileSystemId}/${roleArn.split('/').at(-1)}`;

describe('an ECS task with an EFS volume', () => {
  it('is told the folder of the file system wherever its variables name the mount point', async () => {
    stand = await startStand(images, { mount: folderOf });
    const log = {
      LogDriver: 'awslogs',
      Options: { 'awslogs-group': '/outpost/worker', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'agent' },
    };
    await stand.define({ MountPoints: [MOUNT], Environment, LogConfiguration: log }, { Volumes: [EFS] });

    const task = await stand.run();
    await stand.until(task, 'STOPPED');

    expect(stand.logOf(task)).toEqual(['/data/fs-1/task /data/fs-1/task/users/acme /mnt/files-of-others']);
  });

  it('fails to start where the mount fails, in the words of ECS', async () => {
    const mount = () => {
      throw new Error('access denied by server');
    };
    stand = await startStand(images, { mount });
    await stand.define({ MountPoints: [MOUNT] }, { Volumes: [EFS] });

    const task = await stand.run();
    const stopped = await stand.until(task, 'STOPPED');

    expect(stopped).toMatchObject({
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringMatching(/^ResourceInitializationError: .* EFS .*access denied by server/),
    });
  });

  it('is described as the API writes it', async () => {
    stand = await startStand(images);
    await stand.define({ MountPoints: [MOUNT] }, { Volumes: [EFS] });

    const { taskDefinition } = await stand.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'worker' }));

    expect(taskDefinition?.volumes).toEqual([
      {
        name: 'files',
        efsVolumeConfiguration: {
          fileSystemId: 'fs-1',
          transitEncryption: 'ENABLED',
          authorizationConfig: { iam: 'ENABLED' },
        },
      },
    ]);
  });

  it.each([
    [
      'a volume of another kind',
      { Volumes: [{ Name: 'files', DockerVolumeConfiguration: {} }] },
      'DockerVolumeConfiguration',
    ],
    [
      'one that anybody may mount',
      { Volumes: [{ Name: 'files', EFSVolumeConfiguration: { FilesystemId: 'fs-1' } }] },
      'AuthorizationConfig',
    ],
    [
      'an access point',
      {
        Volumes: [
          {
            ...EFS,
            EFSVolumeConfiguration: {
              ...EFS.EFSVolumeConfiguration,
              AuthorizationConfig: { IAM: 'ENABLED', AccessPointId: 'a' },
            },
          },
        ],
      },
      'AccessPointId',
    ],
    ['a mount point without a volume', {}, "'files', which is no volume"],
  ])('is refused with %s', async (_, definition, words) => {
    stand = await startStand(images);

    await expect(stand.define({ MountPoints: [MOUNT] }, definition)).rejects.toThrow(words);
  });

  it('is refused where it would be read-only: a process cannot be held back', async () => {
    stand = await startStand(images);

    const defining = stand.define({ MountPoints: [{ ...MOUNT, ReadOnly: true }] }, { Volumes: [EFS] });

    await expect(defining).rejects.toThrow('read-only');
  });
});
