import { RECORD_DAYS } from '../../core/dispatch-record.ts';
import { EVENT_SOURCE } from '../../core/events.ts';
import { type DescribedEvent, EVENTS } from './events.ts';
import { fieldsOf } from './fields.ts';

/** `docs/EVENTS.md`, whole: the same schemas yield the same text. */
export function eventsPage(): string {
  return `${[INTRODUCTION, overview(), ...EVENTS.map(section)].join('\n\n')}\n`;
}

const INTRODUCTION = `# Events

<!-- Made from core/events.ts by \`npm run docs:events\`. Do not edit. -->

Outpost publishes on an EventBridge bus of its own, named as the prefix is (\`outpost\`; the stack's output
\`EventBusName\`), with the source \`${EVENT_SOURCE}\`. This page is about \`detail\`. An archive
(\`<prefix>-dispatches\`) keeps every event for ${RECORD_DAYS} days.

- **Events come at least once, and in any order.** \`eventId\` tells a repeat; the record (\`GET /dispatch/{id}\`) tells
  how things stand.
- **A replay of the archive** brings events of long ago, with \`replay-name\` beside \`detail\`. Whoever acts on
  \`Dispatch Requested\` ignores those that have it: a pattern with \`"replay-name": [{ "exists": false }]\`.
- **Fields may be added** within a version. Read what you know, and leave the rest.

To hear of every dispatch that did not succeed:

\`\`\`json
{
  "source": ["${EVENT_SOURCE}"],
  "detail-type": ["Dispatch Ended"],
  "detail": { "status": [{ "anything-but": "SUCCESS" }] }
}
\`\`\``;

function overview(): string {
  const rows = EVENTS.map(({ detailType, from, heardBy }) => `| ${link(detailType)} | ${from} | ${heardBy} |`);
  return ['| detail-type | published by | heard by |', '| --- | --- | --- |', ...rows].join('\n');
}

function link(detailType: string): string {
  return `[${detailType}](#${detailType.toLowerCase().replaceAll(' ', '-')})`;
}

function section({ detailType, schema, example, more }: DescribedEvent): string {
  const { description } = schema;
  if (description === undefined) throw new Error(`The event ${detailType} has no description.`);
  const rows = fieldsOf(schema).map(
    ({ path, type, isOptional, description: what }) =>
      `| \`${path}\` | ${type}${isOptional ? ', optional' : ''} | ${what} |`,
  );
  return [
    `## ${detailType}`,
    description,
    ['| field | type | |', '| --- | --- | --- |', ...rows].join('\n'),
    `\`\`\`json\n${JSON.stringify(schema.parse(example), undefined, 2)}\n\`\`\``,
    ...(more === undefined ? [] : [more]),
  ].join('\n\n');
}
