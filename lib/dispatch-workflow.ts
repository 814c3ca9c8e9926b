import { Construct } from 'constructs';
import { HEARTBEAT_SECONDS } from '../core/slot-times.ts';
import { MAX_RUNS, RUN_MARGIN_SECONDS, STOP_SECONDS } from '../core/time-limits.ts';
import type { AgentCluster } from './agent-cluster.ts';
import { allow } from './allow.ts';
import type { DispatchEvents } from './dispatch-events.ts';
import { DispatchSteps } from './dispatch-steps.ts';
import { OutpostStateMachine } from './outpost-state-machine.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import { changeRecords, changeSlots } from './storage-permissions.ts';

export interface DispatchWorkflowProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly events: DispatchEvents;
  readonly agents: AgentCluster;
}

/** The state machine that takes a dispatch from admission to its outcome, with the functions that it calls. */
export class DispatchWorkflow extends Construct {
  readonly stateMachine: OutpostStateMachine;

  constructor(scope: Construct, id: string, props: DispatchWorkflowProps) {
    super(scope, id);
    const { settings, storage, agents } = props;
    const steps = new DispatchSteps(this, 'Steps', props);
    this.stateMachine = new OutpostStateMachine(this, 'Dispatch', {
      settings,
      name: 'dispatch',
      substitutions: {
        ...agents.substitutions,
        ...steps.substitutions,
        DispatchesTable: storage.dispatches.tableName,
        PoolTable: storage.pool.tableName,
        TaskFamilyPrefix: settings.prefix,
        HeartbeatSeconds: String(HEARTBEAT_SECONDS),
        RunMarginSeconds: String(RUN_MARGIN_SECONDS),
        StopSeconds: String(STOP_SECONDS),
        MaxRuns: String(MAX_RUNS),
      },
      permissions: [changeRecords(storage), changeSlots(storage), ...agents.run, steps.invoke],
    });
    // The worker of a warm slot answers for its run by the token.
    allow(agents.roles.task, this.stateMachine.answer('states:SendTaskSuccess', 'states:SendTaskHeartbeat'));
  }
}
