import { CfnArchive, EventBus, type EventPattern } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { RECORD_DAYS } from '../core/dispatch-record.ts';
import { EVENT_SOURCE } from '../core/events.ts';
import type { Permission } from './allow.ts';
import type { OutpostSettings } from './settings.ts';

/** The bus that tells the world of dispatches, and the archive that they can be replayed from. */
export class DispatchEvents extends Construct {
  readonly bus: EventBus;

  constructor(scope: Construct, id: string, { prefix }: OutpostSettings) {
    super(scope, id);
    this.bus = new EventBus(this, 'Bus', { eventBusName: prefix, description: 'What becomes of dispatches' });
    // The construct a level above sets an empty `KmsKeyIdentifier`.
    new CfnArchive(this, 'Archive', {
      sourceArn: this.bus.eventBusArn,
      archiveName: `${prefix}-dispatches`,
      description: 'Kept as long as the records that a replay needs',
      eventPattern: { source: [EVENT_SOURCE] },
      retentionDays: RECORD_DAYS,
    });
  }

  /** The pattern of events as they happen. An archive that is replayed tells of what has happened long ago. */
  live(...detailTypes: string[]): EventPattern {
    return pattern(detailTypes, false);
  }

  /** The pattern of events that come out of the archive. */
  replayed(...detailTypes: string[]): EventPattern {
    return pattern(detailTypes, true);
  }

  get publish(): Permission {
    return { actions: ['events:PutEvents'], resources: [this.bus.eventBusArn] };
  }
}

/** EventBridge gives `replay-name` to events of a replay alone; CDK's type does not know it. */
function pattern(detailType: string[], exists: boolean): EventPattern {
  return { source: [EVENT_SOURCE], detailType, ...({ 'replay-name': [{ exists }] } as object) };
}
