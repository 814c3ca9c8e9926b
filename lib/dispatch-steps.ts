import { Duration, Stack } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { AgentCluster } from './agent-cluster.ts';
import type { Permission } from './allow.ts';
import type { DispatchEvents } from './dispatch-events.ts';
import { MANIFEST_READER_MIB, OutpostFunction } from './outpost-function.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import {
  changePlaces,
  changeRecords,
  changeSlots,
  findSlots,
  presentCheckpoint,
  readOutput,
  readRecords,
  readSlots,
} from './storage-permissions.ts';

export interface DispatchStepsProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly events: DispatchEvents;
  readonly agents: AgentCluster;
}

/** The functions that the dispatch state machine calls, each called after its state. */
export class DispatchSteps extends Construct {
  private readonly claimSlot: IFunction;
  private readonly reclaimSlot: IFunction;
  private readonly mapStopReason: IFunction;
  private readonly collectOutput: IFunction;
  private readonly recordOutcome: IFunction;

  constructor(scope: Construct, id: string, { settings, storage, events, agents }: DispatchStepsProps) {
    super(scope, id);
    this.claimSlot = new OutpostFunction(this, 'ClaimSlot', {
      settings,
      name: 'claim-slot',
      description: 'A warm slot for a dispatch, where there is one',
      timeout: Duration.seconds(10),
      environment: {
        POOL_TABLE: storage.pool.tableName,
        EVENT_BUS_NAME: events.bus.eventBusName,
        TASK_DEFINITIONS: Stack.of(this).toJsonString(agents.revisions),
        POOL_BOUNDS: JSON.stringify(settings.pool),
      },
      permissions: [findSlots(storage), changeSlots(storage), events.publish],
    }).function;
    this.reclaimSlot = new OutpostFunction(this, 'ReclaimSlot', {
      settings,
      name: 'reclaim-slot',
      description: 'Takes a slot back that has not begun',
      timeout: Duration.seconds(30),
      environment: { POOL_TABLE: storage.pool.tableName },
      permissions: [readSlots(storage), changeSlots(storage)],
    }).function;
    const bucket = { ARTIFACTS_BUCKET: storage.artifacts.bucketName };
    this.mapStopReason = new OutpostFunction(this, 'MapStopReason', {
      settings,
      name: 'map-stop-reason',
      description: 'What a stopped ECS task means for its dispatch',
      timeout: Duration.seconds(30),
      environment: { DISPATCHES_TABLE: storage.dispatches.tableName, ...bucket },
      permissions: [readRecords(storage), ...readOutput(storage)],
    }).function;
    this.collectOutput = new OutpostFunction(this, 'CollectOutput', {
      settings,
      name: 'collect-output',
      description: 'Holds what the manifest names against S3',
      memorySize: MANIFEST_READER_MIB,
      timeout: Duration.seconds(60),
      environment: { DISPATCHES_TABLE: storage.dispatches.tableName, ...bucket },
      permissions: [changeRecords(storage), ...readOutput(storage), presentCheckpoint(storage)],
    }).function;
    this.recordOutcome = new OutpostFunction(this, 'RecordOutcome', {
      settings,
      name: 'record-outcome',
      description: 'The one terminal write',
      timeout: Duration.seconds(30),
      environment: {
        DISPATCHES_TABLE: storage.dispatches.tableName,
        TENANTS_TABLE: storage.tenants.tableName,
        EVENT_BUS_NAME: events.bus.eventBusName,
      },
      permissions: [changeRecords(storage), changePlaces(storage), events.publish],
    }).function;
  }

  /** Each under its name with `Function` behind it. */
  get substitutions(): Record<string, string> {
    return {
      ClaimSlotFunction: this.claimSlot.functionArn,
      ReclaimSlotFunction: this.reclaimSlot.functionArn,
      MapStopReasonFunction: this.mapStopReason.functionArn,
      CollectOutputFunction: this.collectOutput.functionArn,
      RecordOutcomeFunction: this.recordOutcome.functionArn,
    };
  }

  get invoke(): Permission {
    return { actions: ['lambda:InvokeFunction'], resources: Object.values(this.substitutions) };
  }
}
