import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { ContainerDefinition, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { FileSystem, LifecyclePolicy, OutOfInfrequentAccessPolicy, ThroughputMode } from 'aws-cdk-lib/aws-efs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { AgentNetwork } from './agent-network.ts';
import type { Permission } from './allow.ts';
import type { OutpostSettings } from './settings.ts';

/** Where the file system is in the containers that have it. */
export const WORKSPACES_PATH = '/mnt/workspaces';

/** What a container may do on the file system. Its worker is root there: it makes folders for tenants' users. */
const MOUNT = [
  'elasticfilesystem:ClientMount',
  'elasticfilesystem:ClientWrite',
  'elasticfilesystem:ClientRootAccess',
] as const;

export interface WorkspacesProps {
  readonly settings: OutpostSettings;
  readonly network: AgentNetwork;
  /** The one role that may mount it. */
  readonly role: IRole;
}

/**
 * The file system of persistent workspaces, `users/<tenant>/workspaces/<owner>/<name>`: encrypted, backed up daily, and
 * reached by ECS tasks of one role alone, over TLS. What nobody touches for 30 days goes to the cheaper storage class.
 */
export class Workspaces extends Construct {
  private readonly fileSystem: FileSystem;

  constructor(scope: Construct, id: string, { settings, network, role }: WorkspacesProps) {
    super(scope, id);
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: network.vpc,
      description: 'NFS from agents alone',
      allowAllOutbound: false,
    });
    this.fileSystem = new FileSystem(this, 'FileSystem', {
      vpc: network.vpc,
      vpcSubnets: { subnets: network.vpc.publicSubnets },
      securityGroup,
      fileSystemName: `${settings.prefix}-workspaces`,
      encrypted: true,
      enableAutomaticBackups: true,
      // Agents read and write in bursts, on little data: what bursting mode gives goes by how much is stored.
      throughputMode: ThroughputMode.ELASTIC,
      lifecyclePolicy: LifecyclePolicy.AFTER_30_DAYS,
      outOfInfrequentAccessPolicy: OutOfInfrequentAccessPolicy.AFTER_1_ACCESS,
      removalPolicy: settings.removalPolicy,
      fileSystemPolicy: new PolicyDocument({ statements: policy(role) }),
    });
    securityGroup.addIngressRule(network.securityGroup, Port.tcp(FileSystem.DEFAULT_PORT), 'NFS from agents');
  }

  /** What the role needs to mount it. */
  get mount(): Permission {
    return { actions: MOUNT, resources: [this.fileSystem.fileSystemArn] };
  }

  /** Mounts it in a container. */
  addTo(definition: FargateTaskDefinition, container: ContainerDefinition): void {
    definition.addVolume({
      name: 'workspaces',
      efsVolumeConfiguration: {
        fileSystemId: this.fileSystem.fileSystemId,
        transitEncryption: 'ENABLED',
        authorizationConfig: { iam: 'ENABLED' },
      },
    });
    container.addMountPoints({ sourceVolume: 'workspaces', containerPath: WORKSPACES_PATH, readOnly: false });
    // A task must not start before there is something to mount in each zone.
    definition.node.addDependency(this.fileSystem.mountTargetsAvailable);
  }
}

/** Without a policy EFS lets in whoever reaches the mount target, by NFS's own notion of users. */
function policy(role: IRole): PolicyStatement[] {
  return [
    new PolicyStatement({
      principals: [role],
      actions: [...MOUNT],
      conditions: { Bool: { 'elasticfilesystem:AccessedViaMountTarget': 'true' } },
    }),
    new PolicyStatement({
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['*'],
      conditions: { Bool: { 'aws:SecureTransport': 'false' } },
    }),
  ];
}
