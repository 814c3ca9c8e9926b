import { readFileSync } from 'node:fs';
import { Aws, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { availableAgents, taskFamily } from '../core/agents.ts';
import { MAX_RUNS, RUN_MARGIN_SECONDS, STOP_SECONDS } from '../core/time-limits.ts';
import type { AgentCluster } from './agent-cluster.ts';
import { acknowledgeWildcards, allow, type Permission } from './allow.ts';
import type { DispatchEvents } from './dispatch-events.ts';
import { DispatchSteps } from './dispatch-steps.ts';
import { outpostLogGroup } from './log-group.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import { changeRecords } from './storage-permissions.ts';

const DEFINITION = new URL('../state-machines/dispatch.asl.json', import.meta.url);

export interface DispatchWorkflowProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly events: DispatchEvents;
  readonly agents: AgentCluster;
}

/** The state machine that takes a dispatch from admission to its outcome, with the functions that it calls. */
export class DispatchWorkflow extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: DispatchWorkflowProps) {
    super(scope, id);
    const { settings, storage, agents } = props;
    const steps = new DispatchSteps(this, 'Steps', props);
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('states.amazonaws.com') });
    allow(role, changeRecords(storage));
    allowEcsTasks(role, props);
    allow(role, { actions: ['lambda:InvokeFunction'], resources: steps.all.map(({ functionArn }) => functionArn) });

    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName: `${settings.prefix}-dispatch`,
      definitionBody: DefinitionBody.fromString(readFileSync(DEFINITION, 'utf8')),
      definitionSubstitutions: {
        Partition: Aws.PARTITION,
        DispatchesTable: storage.dispatches.tableName,
        ClusterArn: agents.cluster.clusterArn,
        TaskFamilyPrefix: settings.prefix,
        SecurityGroupId: agents.network.securityGroup.securityGroupId,
        SubnetIds: agents.network.vpc.publicSubnets.map(({ subnetId }) => subnetId).join(','),
        RunMarginSeconds: String(RUN_MARGIN_SECONDS),
        StopSeconds: String(STOP_SECONDS),
        MaxRuns: String(MAX_RUNS),
        MapStopReasonFunction: steps.mapStopReason.functionArn,
        CollectOutputFunction: steps.collectOutput.functionArn,
        RecordOutcomeFunction: steps.recordOutcome.functionArn,
      },
      role,
      tracingEnabled: true,
      logs: {
        // Log groups under this prefix need no policy of their own, of which an account may have ten.
        destination: outpostLogGroup(this, 'Log', settings, `/aws/vendedlogs/states/${settings.prefix}-dispatch`),
        level: LogLevel.ERROR,
        includeExecutionData: false,
      },
    });
    acknowledgeWildcards(role, ['*'], 'Log delivery and X-Ray know no resources.');
    Validations.of(this.stateMachine).acknowledge({
      id: 'AwsSolutions-SF1',
      reason: 'Step Functions keeps the history of every execution for 90 days; the log adds what went wrong.',
    });
  }

  get start(): Permission {
    return { actions: ['states:StartExecution'], resources: [this.stateMachine.stateMachineArn] };
  }

  get readHistory(): Permission {
    const { stateMachineName } = this.stateMachine;
    const executions = `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${stateMachineName}`;
    return {
      actions: ['states:GetExecutionHistory'],
      resources: [`${executions}:*`],
      wildcard: 'Each attempt has an execution of its own.',
    };
  }
}

/** `RunColdTask`, `StopTask` and `AwaitStop`. */
function allowEcsTasks(role: Role, { settings, agents }: DispatchWorkflowProps): void {
  const definitions = `arn:${Aws.PARTITION}:ecs:${Aws.REGION}:${Aws.ACCOUNT_ID}:task-definition`;
  allow(role, {
    actions: ['ecs:RunTask'],
    resources: availableAgents().map((agent) => `${definitions}/${taskFamily(settings.prefix, agent)}:*`),
    conditions: { ArnEquals: { 'ecs:cluster': agents.cluster.clusterArn } },
    wildcard: 'A family is run at its latest revision, whose number the definition does not hold.',
  });
  allow(role, agents.tasks('ecs:StopTask', 'ecs:DescribeTasks'));
  // RunTask passes the definition's tags on to the ECS task, which counts as tagging it.
  allow(role, {
    actions: ['ecs:TagResource'],
    resources: [agents.taskArns],
    conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
  });
  allow(role, {
    actions: ['iam:PassRole'],
    resources: agents.roles.all.map(({ roleArn }) => roleArn),
    conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
  });
  // The rule by which Step Functions hears, for `.sync`, that an ECS task has stopped; it makes it by itself.
  allow(role, {
    actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
    resources: [
      `arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}:rule/StepFunctionsGetEventsForECSTaskRule`,
    ],
  });
}
