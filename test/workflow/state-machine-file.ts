import { readFileSync } from 'node:fs';
import { HEARTBEAT_SECONDS, SLOT_SECONDS, TOMBSTONE_MS } from '../../core/slot-times.ts';
import { MAX_RUNS, RUN_MARGIN_SECONDS, STOP_SECONDS } from '../../core/time-limits.ts';

export type StateMachineName = 'dispatch' | 'warm-slot';

const REGION = 'us-east-1:000000000000';
const lambda = (name: string) => `arn:aws:lambda:${REGION}:function:outpost-${name}`;

/** What the placeholders of the state machines stand for, as the stack fills them in. */
const SUBSTITUTIONS: Readonly<Record<string, string>> = {
  Partition: 'aws',
  ClusterArn: `arn:aws:ecs:${REGION}:cluster/outpost`,
  SecurityGroupId: 'sg-1',
  SubnetIds: 'subnet-1,subnet-2',
  TaskFamilyPrefix: 'outpost',
  DispatchesTable: 'outpost-dispatches',
  PoolTable: 'outpost-pool',
  ClaimSlotFunction: lambda('claim-slot'),
  ReclaimSlotFunction: lambda('reclaim-slot'),
  MapStopReasonFunction: lambda('map-stop-reason'),
  CollectOutputFunction: lambda('collect-output'),
  RecordOutcomeFunction: lambda('record-outcome'),
  RunMarginSeconds: String(RUN_MARGIN_SECONDS),
  StopSeconds: String(STOP_SECONDS),
  HeartbeatSeconds: String(HEARTBEAT_SECONDS),
  MaxRuns: String(MAX_RUNS),
  SlotSeconds: String(SLOT_SECONDS),
  TombstoneSeconds: String(TOMBSTONE_MS / 1000),
};

interface Definition {
  readonly StartAt: string;
  readonly TimeoutSeconds: number;
  readonly States: Readonly<Record<string, { readonly Type: string; readonly [field: string]: unknown }>>;
}

/**
 * A state machine as it is deployed.
 * @param changed placeholders that stand for something else here, such as a test's own table
 */
export function stateMachine(name: StateMachineName, changed: Readonly<Record<string, string>> = {}): Definition {
  const values = { ...SUBSTITUTIONS, ...changed };
  const text = readFileSync(new URL(`../../state-machines/${name}.asl.json`, import.meta.url), 'utf8');
  return JSON.parse(
    text.replaceAll(/\$\{(\w+)\}/g, (placeholder, key: string) => {
      const value = values[key];
      if (value === undefined) throw new Error(`Nothing is known to stand for ${placeholder} of ${name}.`);
      return value;
    }),
  );
}
