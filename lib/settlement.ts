import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { AgentCluster } from './agent-cluster.ts';
import type { DispatchEvents } from './dispatch-events.ts';
import type { DispatchWorkflow } from './dispatch-workflow.ts';
import { MANIFEST_READER_MIB, OutpostFunction } from './outpost-function.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import { changePlaces, changeRecords, readOutput } from './storage-permissions.ts';

export interface SettlementProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly events: DispatchEvents;
  readonly agents: AgentCluster;
  readonly workflow: DispatchWorkflow;
}

/** Ends the attempts whose execution ended without doing so. */
export class Settlement extends Construct {
  constructor(scope: Construct, id: string, props: SettlementProps) {
    super(scope, id);
    const { settings, storage, events, agents, workflow } = props;
    const settle = new OutpostFunction(this, 'Settle', {
      settings,
      name: 'settle',
      description: 'Ends an attempt whose execution could not',
      memorySize: MANIFEST_READER_MIB,
      timeout: Duration.minutes(5),
      asynchronous: { retryAttempts: 2, maxEventAge: Duration.hours(6) },
      environment: {
        DISPATCHES_TABLE: storage.dispatches.tableName,
        TENANTS_TABLE: storage.tenants.tableName,
        ARTIFACTS_BUCKET: storage.artifacts.bucketName,
        EVENT_BUS_NAME: events.bus.eventBusName,
        CLUSTER_ARN: agents.cluster.clusterArn,
      },
      permissions: [
        changeRecords(storage),
        changePlaces(storage),
        ...readOutput(storage),
        agents.tasks('ecs:StopTask', 'ecs:DescribeTasks'),
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
      targets: [new LambdaFunction(settle.function, { retryAttempts: 185, maxEventAge: Duration.hours(24) })],
    });
  }
}
