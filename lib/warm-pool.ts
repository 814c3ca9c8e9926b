import { Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { DETAIL_TYPES, EVENT_SOURCE } from '../core/events.ts';
import { SLOT_SECONDS, TOMBSTONE_MS } from '../core/slot-times.ts';
import type { AgentCluster } from './agent-cluster.ts';
import type { DispatchEvents } from './dispatch-events.ts';
import type { DispatchWorkflow } from './dispatch-workflow.ts';
import { OutpostFunction } from './outpost-function.ts';
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
  constructor(scope: Construct, id: string, props: WarmPoolProps) {
    super(scope, id);
    const { settings, storage, agents, workflow } = props;
    const slots = new OutpostStateMachine(this, 'Slots', {
      settings,
      name: 'warm-slot',
      substitutions: {
        ...agents.substitutions,
        PoolTable: storage.pool.tableName,
        SlotSeconds: String(SLOT_SECONDS),
        TombstoneSeconds: String(TOMBSTONE_MS / 1000),
      },
      permissions: [changeSlots(storage), ...agents.run, workflow.stateMachine.answer('states:SendTaskSuccess')],
    });
    this.triggerBy(props, this.manager(props, slots));
  }

  private manager({ settings, storage, agents, workflow }: WarmPoolProps, slots: OutpostStateMachine): OutpostFunction {
    return new OutpostFunction(this, 'ManagePool', {
      settings,
      name: 'manage-pool',
      description: 'Keeps as many warm slots as are wanted',
      timeout: Duration.minutes(1),
      // The next minute's run does whatever this one could not.
      asynchronous: { retryAttempts: 0, maxEventAge: Duration.minutes(5) },
      environment: {
        POOL_TABLE: storage.pool.tableName,
        DISPATCHES_TABLE: storage.dispatches.tableName,
        WARM_SLOT_STATE_MACHINE_ARN: slots.arn,
        CLUSTER_ARN: agents.cluster.clusterArn,
        TASK_DEFINITIONS: Stack.of(this).toJsonString(agents.revisions),
        POOL_BOUNDS: JSON.stringify(settings.pool),
        POOL_POLICY: settings.poolPolicy,
      },
      permissions: [
        managePool(storage),
        readRecords(storage),
        findRecords(storage),
        slots.start,
        slots.executions('states:DescribeExecution'),
        workflow.stateMachine.answer('states:SendTaskSuccess'),
        agents.list,
        agents.tasks('ecs:DescribeTasks', 'ecs:StopTask'),
      ],
    });
  }

  private triggerBy({ settings, events }: WarmPoolProps, { function: manager }: OutpostFunction): void {
    const target = () => new LambdaFunction(manager, { retryAttempts: 2, maxEventAge: Duration.minutes(5) });
    new Rule(this, 'EveryMinute', {
      ruleName: `${settings.prefix}-pool-every-minute`,
      description: 'Whatever was missed, lost or killed is put right within a minute',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [target()],
    });
    new Rule(this, 'Demand', {
      ruleName: `${settings.prefix}-pool-demand`,
      description: 'A slot was claimed, or none was there',
      eventBus: events.bus,
      eventPattern: {
        source: [EVENT_SOURCE],
        detailType: [DETAIL_TYPES.slotClaimed, DETAIL_TYPES.slotMissed],
        // An archive that is replayed tells of demand that was.
        ...({ 'replay-name': [{ exists: false }] } as object),
      },
      targets: [target()],
    });
  }
}
