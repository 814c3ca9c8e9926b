import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { DETAIL_TYPES } from '../core/events.ts';
import type { DispatchEvents } from './dispatch-events.ts';
import type { DispatchWorkflow } from './dispatch-workflow.ts';
import { EventConsumer } from './event-consumer.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import { changeRecords, keepSpec, takePlaces } from './storage-permissions.ts';

export interface ReplaysProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly events: DispatchEvents;
  readonly workflow: DispatchWorkflow;
}

/** Starts the next attempt of dispatches that have ended, where an event asks for it. */
export class Replays extends Construct {
  constructor(scope: Construct, id: string, props: ReplaysProps) {
    super(scope, id);
    const { settings, events } = props;
    const replay = this.consumer(props);
    new Rule(this, 'Requested', {
      ruleName: `${settings.prefix}-replay-requested`,
      description: 'Somebody asks for the next attempt of a dispatch',
      eventBus: events.bus,
      eventPattern: events.live(DETAIL_TYPES.replayRequested),
      targets: [replay.target],
    });
    new Rule(this, 'FromArchive', {
      ruleName: `${settings.prefix}-archive-replayed`,
      description: 'A replay of the archive asks for the next attempt of each dispatch in it',
      eventBus: events.bus,
      eventPattern: events.replayed(DETAIL_TYPES.requested),
      targets: [replay.target],
    });
  }

  private consumer({ settings, storage, events, workflow }: ReplaysProps): EventConsumer {
    return new EventConsumer(this, 'Replay', {
      settings,
      name: 'replay',
      description: 'Starts the next attempt of a dispatch that has ended',
      timeout: Duration.seconds(30),
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      environment: {
        DISPATCHES_TABLE: storage.dispatches.tableName,
        TENANTS_TABLE: storage.tenants.tableName,
        CONTEXT_BUCKET: storage.context.bucketName,
        EVENT_BUS_NAME: events.bus.eventBusName,
        DISPATCH_STATE_MACHINE_ARN: workflow.stateMachine.arn,
      },
      permissions: [
        changeRecords(storage),
        takePlaces(storage),
        ...keepSpec(storage),
        workflow.stateMachine.start,
        events.publish,
      ],
    });
  }
}
