import { Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { DETAIL_TYPES } from '../core/events.ts';
import { SLOT_SECONDS, TOMBSTONE_MS } from '../core/slot-times.ts';
import type { AgentCluster } from './agent-cluster.ts';
import type { DispatchEvents } from './dispatch-events.ts';
import type { DispatchWorkflow } from './dispatch-workflow.ts';
import { EventConsumer } from './event-consumer.ts';
import { OutpostStateMachine } from './outpost-state-machine.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import { changeSlots, findRecords, managePool, readRecords } from './storage-permissions.ts';

export interface WarmPoolProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly events: DispatchEvents;
  readonly agents: AgentCluster;
  readonly workflow: DispatchWorkflow;
}

/** Slots that wait for dispatches, each an execution of its own, and the manager that keeps as many as are wanted. */
export class WarmPool extends Construct {
  readonly slots: OutpostStateMachine;

  constructor(scope: Construct, id: string, props: WarmPoolProps) {
    super(scope, id);
    const { settings, storage, agents, workflow } = props;
    this.slots = new OutpostStateMachine(this, 'Slots', {
      settings,
      name: 'warm-slot',
      substitutions: {
        ...agents.substitutions,
        PoolTable: storage.pool.tableName,
        SlotSeconds: String(SLOT_SECONDS),
        TombstoneSeconds: String(TOMBSTONE_MS / 1000),
      },
      permissions: [changeSlots(storage), ...agents.runSlots, workflow.stateMachine.answer('states:SendTaskSuccess')],
    });
    this.triggerBy(props, this.manager(props));
  }

  private manager({ settings, storage, agents, workflow }: WarmPoolProps): EventConsumer {
    return new EventConsumer(this, 'ManagePool', {
      settings,
      name: 'manage-pool',
      description: 'Keeps as many warm slots as are wanted',
      timeout: Duration.minutes(1),
      // The next minute's run does whatever this one could not.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(5),
      environment: {
        POOL_TABLE: storage.pool.tableName,
        DISPATCHES_TABLE: storage.dispatches.tableName,
        WARM_SLOT_STATE_MACHINE_ARN: this.slots.arn,
        CLUSTER_ARN: agents.cluster.clusterArn,
        TASK_DEFINITIONS: Stack.of(this).toJsonString(agents.revisions),
        POOL_BOUNDS: JSON.stringify(settings.pool),
        POOL_POLICY: settings.poolPolicy,
      },
      permissions: [
        managePool(storage),
        readRecords(storage),
        findRecords(storage, 'byStatus'),
        this.slots.start,
        this.slots.executions('states:DescribeExecution'),
        workflow.stateMachine.answer('states:SendTaskSuccess'),
        agents.list,
        agents.tasks('ecs:DescribeTasks', 'ecs:StopTask'),
      ],
    });
  }

  private triggerBy({ settings, events }: WarmPoolProps, manager: EventConsumer): void {
    new Rule(this, 'EveryMinute', {
      ruleName: `${settings.prefix}-pool-every-minute`,
      description: 'Whatever was missed, lost or killed is put right within a minute',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [manager.target],
    });
    new Rule(this, 'Demand', {
      ruleName: `${settings.prefix}-pool-demand`,
      description: 'A slot was claimed, or none was there',
      eventBus: events.bus,
      eventPattern: events.live(DETAIL_TYPES.slotClaimed, DETAIL_TYPES.slotMissed),
      targets: [manager.target],
    });
  }
}
