import type { Permission } from '../policy-document.ts';
import { record, records, text } from './input.ts';
import type { JsonRequest } from './json-request.ts';

/** A replay needs the archive, the bus and itself; lists have no resource. */
export function eventsPermissions(request: JsonRequest): Permission[] {
  const { operation, input, arn } = request;
  const action = `events:${operation}`;
  const replay = arn('events', `replay/${text(input.ReplayName)}`);
  switch (operation) {
    case 'PutEvents':
      return putEventsPermissions(request);
    case 'StartReplay':
      return [text(input.EventSourceArn), text(record(input.Destination).Arn), replay].map((resource) => ({
        action,
        resource,
      }));
    case 'DescribeReplay':
    case 'CancelReplay':
      return [{ action, resource: replay }];
    case 'DescribeArchive':
      return [{ action, resource: arn('events', `archive/${text(input.ArchiveName)}`) }];
    default:
      return [{ action, resource: '*' }];
  }
}

/** Each entry's bus, with the entry's own source and detail type. */
function putEventsPermissions({ input, arn }: JsonRequest): Permission[] {
  return records(input.Entries).map((entry) => {
    const bus = text(entry.EventBusName) || 'default';
    return {
      action: 'events:PutEvents',
      resource: bus.startsWith('arn:') ? bus : arn('events', `event-bus/${bus}`),
      context: { 'events:source': [text(entry.Source)], 'events:detail-type': [text(entry.DetailType)] },
    };
  });
}
