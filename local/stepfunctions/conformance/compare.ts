import type { HistoryEvent } from '../engine/history.ts';
import { PlaceholderMatcher } from './placeholders.ts';
import type { RecordedEvent, Recording } from './recording.ts';

/** Where the recorder put the events of a Parallel in another order and lost some, it left this mark. */
const NORMALISED = '~recorder-normalised';
/** What the recorder may have lost there. */
const LOST = ['ParallelStateSucceeded', 'ParallelStateFailed', 'ParallelStateExited'];

/** The first difference between a recording and the engine's events; `undefined` where there is none. */
export function firstDifference(recording: Recording, actual: readonly HistoryEvent[]): string | undefined {
  const matcher = new PlaceholderMatcher();
  return recording.features.includes(NORMALISED)
    ? compareUnordered(recording.events, actual, matcher)
    : compareOrdered(recording.events, actual, matcher);
}

function compareOrdered(
  recorded: readonly RecordedEvent[],
  actual: readonly HistoryEvent[],
  matcher: PlaceholderMatcher,
): string | undefined {
  for (const [index, event] of recorded.entries()) {
    const own = actual[index];
    if (!own) return `event ${index + 1}: missing, recorded ${event.type}`;
    const difference = compareEvent(event, own, matcher, ['type', 'id', 'previousEventId']);
    if (difference) return `event ${index + 1} (${event.type})${difference}`;
  }
  const extra = actual[recorded.length];
  return extra && `event ${recorded.length + 1}: ${extra.type}, the recording has ended`;
}

/** Matches each recorded event with one of the engine's, whatever their order and ids. */
function compareUnordered(
  recorded: readonly RecordedEvent[],
  actual: readonly HistoryEvent[],
  matcher: PlaceholderMatcher,
): string | undefined {
  const left = [...actual];
  for (const event of recorded) {
    const index = left.findIndex((own) => !compareEvent(event, own, matcher, ['type']));
    if (index < 0) {
      const near = left.find((own) => own.type === event.type);
      const difference = near ? compareEvent(event, near, matcher, ['type']) : ': missing';
      return `${event.type}${difference}`;
    }
    left.splice(index, 1);
  }
  const extra = left.find((event) => !LOST.includes(event.type));
  return extra && `event ${extra.id}: ${extra.type} is not in the recording`;
}

function compareEvent(
  recorded: RecordedEvent,
  actual: HistoryEvent,
  matcher: PlaceholderMatcher,
  compared: readonly string[],
): string | undefined {
  for (const name of compared) {
    const difference = matcher.difference(recorded[name], actual[name], ` ${name}`);
    if (difference) return difference;
  }
  const details = (event: Readonly<Record<string, unknown>>) => {
    return Object.fromEntries(Object.entries(event).filter(([name]) => name.endsWith('EventDetails')));
  };
  return matcher.difference(detailsThatSay(details(recorded)), detailsThatSay(details(actual)), '');
}

/** An empty object of details says as much as none. */
function detailsThatSay(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(details).filter(([, value]) => value !== undefined && Object.keys(value as object).length > 0),
  );
}
