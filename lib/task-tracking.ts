import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { AgentCluster } from './agent-cluster.ts';
import type { DispatchWorkflow } from './dispatch-workflow.ts';
import { EventConsumer } from './event-consumer.ts';
import type { OutpostSettings } from './settings.ts';
import type { Settlement } from './settlement.ts';
import type { Storage } from './storage.ts';
import { changeRecords, findRecords, readAndChangeSlots } from './storage-permissions.ts';
import type { WarmPool } from './warm-pool.ts';

export interface TaskTrackingProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly agents: AgentCluster;
  readonly workflow: DispatchWorkflow;
  readonly pool: WarmPool;
  readonly settlement: Settlement;
}

/** `lastStatus` of an ECS task that is on its way, runs or has stopped; the steps of its stopping say nothing new. */
const HEARD_OF = ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING', 'STOPPED'];

/** Hears of every ECS task of the cluster, and acts where no execution does. */
export class TaskTracking extends Construct {
  constructor(scope: Construct, id: string, props: TaskTrackingProps) {
    super(scope, id);
    const { settings, agents } = props;
    // ECS speaks on the account's default bus alone.
    new Rule(this, 'StateChange', {
      ruleName: `${settings.prefix}-ecs-task-changed`,
      description: 'ECS tasks that are on their way, run or have stopped',
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Task State Change'],
        detail: { clusterArn: [agents.cluster.clusterArn], lastStatus: HEARD_OF },
      },
      targets: [this.consumer(props).target],
    });
  }

  private consumer({ settings, storage, agents, workflow, pool, settlement }: TaskTrackingProps): EventConsumer {
    return new EventConsumer(this, 'TrackEcs', {
      settings,
      name: 'track-ecs',
      description: 'Notes ECS tasks that start, and sees to those that stop unheard',
      timeout: Duration.seconds(30),
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      environment: {
        DISPATCHES_TABLE: storage.dispatches.tableName,
        POOL_TABLE: storage.pool.tableName,
        CLUSTER_ARN: agents.cluster.clusterArn,
        DISPATCH_STATE_MACHINE_ARN: workflow.stateMachine.arn,
        WARM_SLOT_STATE_MACHINE_ARN: pool.slots.arn,
        ...settlement.environment,
      },
      permissions: [
        changeRecords(storage),
        findRecords(storage, 'byTask'),
        readAndChangeSlots(storage),
        workflow.stateMachine.executions('states:DescribeExecution'),
        workflow.stateMachine.answer('states:SendTaskSuccess'),
        pool.slots.executions('states:DescribeExecution'),
        agents.tasks('ecs:StopTask'),
        settlement.request,
      ],
    });
  }
}
