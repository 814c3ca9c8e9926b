import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { AgentCluster } from './agent-cluster.ts';
import type { Permission } from './allow.ts';
import type { DispatchEvents } from './dispatch-events.ts';
import type { DispatchWorkflow } from './dispatch-workflow.ts';
import { EventConsumer } from './event-consumer.ts';
import { MANIFEST_READER_MIB } from './outpost-function.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import { changePlaces, changeRecords, findSlots, presentCheckpoint, readOutput } from './storage-permissions.ts';

export interface SettlementProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly events: DispatchEvents;
  readonly agents: AgentCluster;
  readonly workflow: DispatchWorkflow;
}

/** Ends the attempts whose execution ended without doing so. */
export class Settlement extends Construct {
  private readonly settle: EventConsumer;

  constructor(scope: Construct, id: string, props: SettlementProps) {
    super(scope, id);
    const { settings, storage, events, agents, workflow } = props;
    this.settle = new EventConsumer(this, 'Settle', {
      settings,
      name: 'settle',
      description: 'Ends an attempt whose execution could not',
      memorySize: MANIFEST_READER_MIB,
      // Two ECS tasks, one after the other, may each take three minutes to stop.
      timeout: Duration.minutes(10),
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      environment: {
        DISPATCHES_TABLE: storage.dispatches.tableName,
        TENANTS_TABLE: storage.tenants.tableName,
        POOL_TABLE: storage.pool.tableName,
        ARTIFACTS_BUCKET: storage.artifacts.bucketName,
        EVENT_BUS_NAME: events.bus.eventBusName,
        CLUSTER_ARN: agents.cluster.clusterArn,
        DISPATCH_STATE_MACHINE_ARN: workflow.stateMachine.arn,
      },
      permissions: [
        changeRecords(storage),
        changePlaces(storage),
        findSlots(storage),
        ...readOutput(storage),
        presentCheckpoint(storage),
        agents.tasks('ecs:StopTask', 'ecs:DescribeTasks'),
        workflow.stateMachine.executions('states:DescribeExecution'),
        events.publish,
      ],
    });
    // Step Functions speaks on the account's default bus alone.
    new Rule(this, 'ExecutionEnded', {
      ruleName: `${settings.prefix}-execution-ended`,
      description: 'Executions that ended before their outcome was recorded',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: [workflow.stateMachine.arn],
        },
      },
      targets: [this.settle.target],
    });
  }

  /** The variable by which functions know it that hand attempts to it. */
  get environment(): Record<string, string> {
    return { SETTLE_FUNCTION: this.settle.function.functionName };
  }

  /** Permission to hand an attempt to it. */
  get request(): Permission {
    return { actions: ['lambda:InvokeFunction'], resources: [this.settle.function.functionArn] };
  }
}
