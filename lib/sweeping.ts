import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { AgentCluster } from './agent-cluster.ts';
import type { DispatchEvents } from './dispatch-events.ts';
import type { DispatchWorkflow } from './dispatch-workflow.ts';
import { EventConsumer } from './event-consumer.ts';
import type { OutpostSettings } from './settings.ts';
import type { Settlement } from './settlement.ts';
import type { Storage } from './storage.ts';
import { changeRecords, findRecords, keepNotes, sweepPlaces } from './storage-permissions.ts';
import { SweepAlarms } from './sweep-alarms.ts';

export interface SweepingProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly events: DispatchEvents;
  readonly agents: AgentCluster;
  readonly workflow: DispatchWorkflow;
  readonly settlement: Settlement;
}

/** Looks every minute for what events should have told and did not. */
export class Sweeping extends Construct {
  constructor(scope: Construct, id: string, props: SweepingProps) {
    super(scope, id);
    const { settings } = props;
    const sweep = this.consumer(props);
    new Rule(this, 'EveryMinute', {
      ruleName: `${settings.prefix}-sweep-every-minute`,
      description: 'Dispatches that nobody moves on any more are put right within minutes',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [sweep.target],
    });
    new SweepAlarms(this, 'Alarms', { settings, sweep: sweep.function });
  }

  private consumer({ settings, storage, events, agents, workflow, settlement }: SweepingProps): EventConsumer {
    return new EventConsumer(this, 'Sweep', {
      settings,
      name: 'sweep',
      description: 'Starts, settles, announces and frees what was left undone',
      timeout: Duration.minutes(1),
      // The next minute's run goes on where this one stopped.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(5),
      environment: {
        DISPATCHES_TABLE: storage.dispatches.tableName,
        TENANTS_TABLE: storage.tenants.tableName,
        POOL_TABLE: storage.pool.tableName,
        EVENT_BUS_NAME: events.bus.eventBusName,
        CLUSTER_ARN: agents.cluster.clusterArn,
        DISPATCH_STATE_MACHINE_ARN: workflow.stateMachine.arn,
        ...settlement.environment,
      },
      permissions: [
        changeRecords(storage),
        findRecords(storage, 'byStatus', 'byUnpublished'),
        sweepPlaces(storage),
        keepNotes(storage),
        workflow.stateMachine.start,
        workflow.stateMachine.list,
        workflow.stateMachine.executions('states:DescribeExecution'),
        agents.tasks('ecs:DescribeTasks', 'ecs:StopTask'),
        events.publish,
        settlement.request,
      ],
    });
  }
}
