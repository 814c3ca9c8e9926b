import { Aws } from 'aws-cdk-lib';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type AgentName, availableAgents, taskFamily, workspaceTaskFamily } from '../core/agents.ts';
import { AgentNetwork } from './agent-network.ts';
import { AgentTaskDefinition } from './agent-task-definition.ts';
import { AgentTaskRoles } from './agent-task-roles.ts';
import { allow, type Permission } from './allow.ts';
import { outpostLogGroup } from './log-group.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import { Workspaces } from './workspaces.ts';

export interface AgentClusterProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
}

/**
 * Where agents run: one ECS cluster, and for each agent that is available a task definition `<prefix>-<agent>`, and
 * another, `<prefix>-<agent>-workspace`, that has the file system of persistent workspaces.
 */
export class AgentCluster extends Construct {
  readonly cluster: Cluster;
  readonly network: AgentNetwork;
  readonly roles: AgentTaskRoles;
  /** Streams are called `<agent>/worker/<ECS task id>`. */
  readonly logGroup: LogGroup;
  /** The ARN of today's task definition of each available agent, with its revision. */
  readonly revisions: Partial<Record<AgentName, string>> = {};

  private readonly settings: OutpostSettings;

  constructor(scope: Construct, id: string, { settings, storage }: AgentClusterProps) {
    super(scope, id);
    this.settings = settings;
    this.network = new AgentNetwork(this, 'Network', settings);
    this.cluster = new Cluster(this, 'Cluster', {
      clusterName: settings.prefix,
      vpc: this.network.vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    this.logGroup = outpostLogGroup(this, 'Log', settings, `/${settings.prefix}/agents`);
    this.roles = new AgentTaskRoles(this, 'Roles', settings, storage);
    const { network, roles, logGroup } = this;
    const workspaces = new Workspaces(this, 'Workspaces', { settings, network, role: roles.workspaceTask });
    allow(roles.workspaceTask, workspaces.mount);
    for (const agent of availableAgents()) {
      const props = { agent, settings, storage, roles, logGroup };
      this.revisions[agent] = new AgentTaskDefinition(this, agent, props).arn;
      new AgentTaskDefinition(this, `${agent}-workspace`, { ...props, workspaces });
    }
  }

  /** What a state machine needs to run an agent's ECS task. */
  get substitutions(): Record<string, string> {
    return {
      Partition: Aws.PARTITION,
      ClusterArn: this.cluster.clusterArn,
      SecurityGroupId: this.network.securityGroup.securityGroupId,
      SubnetIds: this.network.vpc.publicSubnets.map(({ subnetId }) => subnetId).join(','),
    };
  }

  /** What a state machine needs to run agents' ECS tasks by `ecs:runTask.sync`, with persistent workspaces and without. */
  get run(): Permission[] {
    const { prefix } = this.settings;
    const families = availableAgents().flatMap((agent) => [
      taskFamily(prefix, agent),
      workspaceTaskFamily(prefix, agent),
    ]);
    return this.runOf(families, this.roles.all);
  }

  /** The same for slots, which have no persistent workspaces. */
  get runSlots(): Permission[] {
    const families = availableAgents().map((agent) => taskFamily(this.settings.prefix, agent));
    return this.runOf(families, this.roles.ofSlots);
  }

  private runOf(families: readonly string[], roles: readonly IRole[]): Permission[] {
    const definitions = `arn:${Aws.PARTITION}:ecs:${Aws.REGION}:${Aws.ACCOUNT_ID}:task-definition`;
    const events = `arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}`;
    return [
      {
        actions: ['ecs:RunTask'],
        resources: families.map((family) => `${definitions}/${family}:*`),
        conditions: { ArnEquals: { 'ecs:cluster': this.cluster.clusterArn } },
        wildcard: 'A deployment makes a new revision, while executions still run the one before.',
      },
      this.tasks('ecs:StopTask', 'ecs:DescribeTasks'),
      // RunTask passes the definition's tags on to the ECS task, which counts as tagging it.
      {
        actions: ['ecs:TagResource'],
        resources: [this.taskArns],
        conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
      },
      {
        actions: ['iam:PassRole'],
        resources: roles.map(({ roleArn }) => roleArn),
        conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      },
      // The rule by which Step Functions hears, for `.sync`, that an ECS task has stopped; it makes it by itself.
      {
        actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
        resources: [`${events}:rule/StepFunctionsGetEventsForECSTaskRule`],
      },
    ];
  }

  /** The ARNs of all ECS tasks of the cluster: an id is known only once ECS has given it. */
  get taskArns(): string {
    return this.cluster.arnForTasks('*');
  }

  /** Permission to do this to any ECS task of the cluster. */
  tasks(...actions: ('ecs:StopTask' | 'ecs:DescribeTasks')[]): Permission {
    return {
      actions,
      resources: [this.taskArns],
      wildcard: 'The id of an ECS task is known only once ECS has given it.',
    };
  }

  /** Permission to list the cluster's ECS tasks. */
  get list(): Permission {
    return {
      actions: ['ecs:ListTasks'],
      resources: ['*'],
      conditions: { ArnEquals: { 'ecs:cluster': this.cluster.clusterArn } },
      wildcard: 'ecs:ListTasks knows container instances, which Fargate has none of; the condition names the cluster.',
    };
  }

  get readLogs(): Permission {
    const { logGroupName } = this.logGroup;
    const group = `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:${logGroupName}`;
    return {
      actions: ['logs:GetLogEvents'],
      resources: [`${group}:log-stream:*`],
      wildcard: 'Each ECS task has a stream of its own.',
    };
  }
}
