import type { Permission } from '../policy-document.ts';
import { records, text } from './input.ts';
import type { JsonRequest } from './json-request.ts';

/** PutEvents needs each entry's bus, with the entry's own source and detail type. */
export function eventsPermissions({ operation, input, arn }: JsonRequest): Permission[] {
  const action = `events:${operation}`;
  if (operation !== 'PutEvents') return [{ action, resource: '*' }];
  return records(input.Entries).map((entry) => {
    const bus = text(entry.EventBusName) || 'default';
    return {
      action,
      resource: bus.startsWith('arn:') ? bus : arn('events', `event-bus/${bus}`),
      context: { 'events:source': [text(entry.Source)], 'events:detail-type': [text(entry.DetailType)] },
    };
  });
}
