import { Aws } from 'aws-cdk-lib';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { availableAgents } from '../core/agents.ts';
import { AgentNetwork } from './agent-network.ts';
import { AgentTaskDefinition } from './agent-task-definition.ts';
import { AgentTaskRoles } from './agent-task-roles.ts';
import type { Permission } from './allow.ts';
import { outpostLogGroup } from './log-group.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';

export interface AgentClusterProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
}

/** Where agents run: one ECS cluster, and a task definition `<prefix>-<agent>` for each agent that is available. */
export class AgentCluster extends Construct {
  readonly cluster: Cluster;
  readonly network: AgentNetwork;
  readonly roles: AgentTaskRoles;
  /** Streams are called `<agent>/worker/<ECS task id>`. */
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, { settings, storage }: AgentClusterProps) {
    super(scope, id);
    this.network = new AgentNetwork(this, 'Network', settings);
    this.cluster = new Cluster(this, 'Cluster', {
      clusterName: settings.prefix,
      vpc: this.network.vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    this.logGroup = outpostLogGroup(this, 'Log', settings, `/${settings.prefix}/agents`);
    this.roles = new AgentTaskRoles(this, 'Roles', storage);
    for (const agent of availableAgents()) {
      new AgentTaskDefinition(this, agent, { agent, settings, storage, roles: this.roles, logGroup: this.logGroup });
    }
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
