import { loadDefinition } from '../asl/load-definition.ts';
import type { Clock } from '../engine/clock.ts';
import { Execution } from '../engine/execution.ts';
import type { HistoryEvent } from '../engine/history.ts';
import { Turns } from '../engine/turns.ts';
import { JsonText } from '../json.ts';
import { RecordedTasks } from './recorded-tasks.ts';
import type { Recording } from './recording.ts';

/** Waits pass at once; what would time out says so by its recorded outcome. */
const replayClock: Clock = {
  now: () => Date.now(),
  sleep: () => Promise.resolve(),
  deadline: () => {},
};

/**
 * Runs a recorded execution on the engine and answers its events.
 * @throws DefinitionError where the engine refuses the definition
 */
export async function replay(recording: Recording): Promise<readonly HistoryEvent[]> {
  const definition = loadDefinition(JSON.stringify(recording.definition));
  const events: HistoryEvent[] = [];
  const execution = new Execution(
    { definition, identity: identityOf(recording), input: JsonText.of(recording.input) },
    {
      tasks: new RecordedTasks(recording.taskResults),
      clock: replayClock,
      random: () => 0,
      turns: new Turns(),
      sink: { append: (event) => void events.push(event) },
    },
  );
  execution.start();
  await execution.run();
  return events;
}

/** The recorder's own placeholders stand for what it took out. */
function identityOf(recording: Recording) {
  const [started] = recording.events;
  const details = started?.['executionStartedEventDetails'] as { roleArn?: unknown } | undefined;
  return {
    executionArn: 'arn:aws:states:us-east-1:111111111111:execution:recorded:recorded-1',
    name: 'recorded-1',
    stateMachineArn: 'arn:aws:states:us-east-1:111111111111:stateMachine:recorded',
    stateMachineName: 'recorded',
    roleArn: String(details?.roleArn ?? ''),
    region: '<region>',
  };
}
