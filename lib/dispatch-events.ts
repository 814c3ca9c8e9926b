import { CfnArchive, EventBus } from 'aws-cdk-lib/aws-events';
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

  get publish(): Permission {
    return { actions: ['events:PutEvents'], resources: [this.bus.eventBusArn] };
  }
}
