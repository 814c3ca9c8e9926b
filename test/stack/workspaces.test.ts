import { describe, expect, it } from 'vitest';
import { availableAgents } from '../../core/agents.ts';
import { flat, listOf, type Resource, resourceNamed, resourcesOf, synthesize, usualTemplate } from './synthesize.ts';

const template = usualTemplate();
const [fileSystem] = resourcesOf(template, 'AWS::EFS::FileSystem');
const definitionOf = (family: string): Resource =>
  resourceNamed(template, 'AWS::ECS::TaskDefinition', 'Family', family);

describe('the file system of workspaces', () => {
  it('is encrypted, backed up, kept when the stack goes, and cheap for what nobody uses', () => {
    expect(resourcesOf(template, 'AWS::EFS::FileSystem')).toHaveLength(1);
    expect(fileSystem?.DeletionPolicy).toBe('Retain');
    expect(fileSystem?.Properties).toMatchObject({
      Encrypted: true,
      BackupPolicy: { Status: 'ENABLED' },
      LifecyclePolicies: [{ TransitionToIA: 'AFTER_30_DAYS' }, { TransitionToPrimaryStorageClass: 'AFTER_1_ACCESS' }],
    });
  });

  it('goes with a stack that is to leave nothing', () => {
    const [other] = resourcesOf(synthesize({ removal: 'destroy' }), 'AWS::EFS::FileSystem');

    expect(other?.DeletionPolicy).toBe('Delete');
  });

  it('is reached from agents alone, in every zone in which they run', () => {
    const [ingress, ...others] = resourcesOf(template, 'AWS::EC2::SecurityGroupIngress');
    const targets = resourcesOf(template, 'AWS::EFS::MountTarget').map(({ Properties }) => Properties);
    const subnets = resourcesOf(template, 'AWS::EC2::Subnet');

    expect(others).toEqual([]);
    expect(ingress?.Properties).toMatchObject({ IpProtocol: 'tcp', FromPort: 2049, ToPort: 2049 });
    expect(flat(ingress?.Properties.SourceSecurityGroupId)).toBe('<AgentsNetworkSecurityGroup.GroupId>');
    expect(targets).toHaveLength(subnets.length);
    for (const { SecurityGroups } of targets) {
      expect(listOf(SecurityGroups).map(flat)).toEqual(['<AgentsWorkspacesSecurityGroup.GroupId>']);
    }
  });

  it('lets one role in, and nobody without TLS', () => {
    const [allow, deny, ...others] = listOf(fileSystem?.Properties.FileSystemPolicy?.Statement);

    expect(others).toEqual([]);
    expect(allow).toMatchObject({ Effect: 'Allow' });
    expect(flat(allow?.Principal?.AWS)).toBe('<AgentsRolesWorkspaceTask.Arn>');
    expect(deny).toMatchObject({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
  });
});

describe.each(availableAgents())('the ECS task of %s', (agent) => {
  it('has the file system where it is for persistent workspaces, by TLS and its role', () => {
    const { Properties } = definitionOf(`outpost-${agent}-workspace`);

    const [volume] = listOf(Properties.Volumes);
    const [worker] = listOf(Properties.ContainerDefinitions);
    expect(flat(Properties.TaskRoleArn)).toBe('<AgentsRolesWorkspaceTask.Arn>');
    expect(volume?.EFSVolumeConfiguration).toMatchObject({
      TransitEncryption: 'ENABLED',
      AuthorizationConfig: { IAM: 'ENABLED' },
    });
    expect(worker?.MountPoints).toEqual([
      { ContainerPath: '/mnt/workspaces', ReadOnly: false, SourceVolume: 'workspaces' },
    ]);
    const variables = listOf(worker?.Environment).map(({ Name, Value }) => `${flat(Name)}=${flat(Value)}`);
    expect(variables).toContain('WORKSPACES_DIR=/mnt/workspaces');
    expect(variables).toContain('WORKSPACES_TABLE=<Storageworkspaces>');
  });

  it('does not even see it otherwise, and is else the same', () => {
    const [ordinary, other] = ['', '-workspace'].map((kind) => definitionOf(`outpost-${agent}${kind}`).Properties);

    const { Volumes, ...rest } = ordinary ?? {};
    const [worker] = listOf(ordinary?.ContainerDefinitions);
    expect(Volumes).toBeUndefined();
    expect(worker?.MountPoints).toBeUndefined();
    expect(flat(rest.TaskRoleArn)).toBe('<AgentsRolesTask.Arn>');
    expect([ordinary?.Cpu, ordinary?.Memory, worker?.Image]).toEqual([
      other?.Cpu,
      other?.Memory,
      listOf(other?.ContainerDefinitions)[0]?.Image,
    ]);
  });
});
