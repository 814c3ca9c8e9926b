import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { DispatchEvents } from './dispatch-events.ts';
import { MANIFEST_READER_MIB, OutpostFunction } from './outpost-function.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import { changePlaces, changeRecords, readOutput, readRecords } from './storage-permissions.ts';

export interface DispatchStepsProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly events: DispatchEvents;
}

/** The functions that the dispatch state machine calls, each called after its state. */
export class DispatchSteps extends Construct {
  readonly mapStopReason: IFunction;
  readonly collectOutput: IFunction;
  readonly recordOutcome: IFunction;

  constructor(scope: Construct, id: string, { settings, storage, events }: DispatchStepsProps) {
    super(scope, id);
    const buckets = {
      ARTIFACTS_BUCKET: storage.artifacts.bucketName,
      CONTEXT_BUCKET: storage.context.bucketName,
    };
    this.mapStopReason = new OutpostFunction(this, 'MapStopReason', {
      settings,
      name: 'map-stop-reason',
      description: 'What a stopped ECS task means for its dispatch',
      timeout: Duration.seconds(30),
      environment: { DISPATCHES_TABLE: storage.dispatches.tableName, ...buckets },
      permissions: [readRecords(storage), ...readOutput(storage)],
    }).function;
    this.collectOutput = new OutpostFunction(this, 'CollectOutput', {
      settings,
      name: 'collect-output',
      description: 'Holds what the manifest names against S3',
      memorySize: MANIFEST_READER_MIB,
      timeout: Duration.seconds(60),
      environment: { DISPATCHES_TABLE: storage.dispatches.tableName, ...buckets },
      permissions: [changeRecords(storage), ...readOutput(storage)],
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

  get all(): readonly IFunction[] {
    return [this.mapStopReason, this.collectOutput, this.recordOutcome];
  }
}
