import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DefinitionError } from '../../../local/stepfunctions/asl/definition-error.ts';
import { firstDifference } from '../../../local/stepfunctions/conformance/compare.ts';
import { Recording } from '../../../local/stepfunctions/conformance/recording.ts';
import { replay } from '../../../local/stepfunctions/conformance/replay.ts';

const RECORDED = join(import.meta.dirname, '../../../../shared/aws-recorded/open');

const recording = (): Recording =>
  Recording.parse({
    name: 'own',
    definition: {
      QueryLanguage: 'JSONata',
      StartAt: 'T',
      States: {
        T: {
          Type: 'Task',
          Resource: 'arn:aws:states:::lambda:invoke',
          Arguments: { FunctionName: '<name>' },
          End: true,
        },
      },
    },
    input: { at: '2026-01-01T00:00:00Z' },
    taskResults: [{ state: 'T', outcome: 'succeed', output: { id: '<uuid:1>' } }],
    events: [
      event('ExecutionStarted', 1, 0, {
        executionStartedEventDetails: {
          input: { at: 'timestamp' },
          inputDetails: { truncated: false },
          roleArn: '<role>',
        },
      }),
      event('TaskStateEntered', 2, 0, {
        stateEnteredEventDetails: { input: { at: 'timestamp' }, inputDetails: { truncated: false }, name: 'T' },
      }),
      event('TaskScheduled', 3, 2, {
        taskScheduledEventDetails: {
          parameters: { FunctionName: '<name>' },
          region: '<region>',
          resource: 'invoke',
          resourceType: 'lambda',
        },
      }),
      event('TaskStarted', 4, 3, { taskStartedEventDetails: { resource: 'invoke', resourceType: 'lambda' } }),
      event('TaskSucceeded', 5, 4, {
        taskSucceededEventDetails: {
          output: { id: '<uuid:1>' },
          outputDetails: { truncated: false },
          resource: 'invoke',
          resourceType: 'lambda',
        },
      }),
      event('TaskStateExited', 6, 5, {
        stateExitedEventDetails: { name: 'T', output: { id: '<uuid:1>' }, outputDetails: { truncated: false } },
      }),
      event('ExecutionSucceeded', 7, 6, {
        executionSucceededEventDetails: { output: { id: '<uuid:1>' }, outputDetails: { truncated: false } },
      }),
    ],
  });

function event(type: string, id: number, previousEventId: number, details: object) {
  return { type, id, previousEventId, timestamp: 'timestamp', ...details };
}

/** The recording with one thing about one event told otherwise. */
function altered(index: number, change: object): Recording {
  const own = recording();
  return { ...own, events: own.events.map((recorded, at) => (at === index ? { ...recorded, ...change } : recorded)) };
}

describe('the comparison with a recording', () => {
  it('finds no difference where there is none', async () => {
    expect(firstDifference(recording(), await replay(recording()))).toBeUndefined();
  });

  it.each<[string, Recording, RegExp]>([
    ['another type', altered(3, { type: 'TaskSubmitted' }), /^event 4 \(TaskSubmitted\) type: "TaskStarted"/],
    [
      'another previous event',
      altered(4, { previousEventId: 3 }),
      /^event 5 \(TaskSucceeded\) previousEventId: 4, recorded 3/,
    ],
    [
      'another output',
      altered(6, { executionSucceededEventDetails: { output: { id: 'x' }, outputDetails: { truncated: false } } }),
      /^event 7 .*output\/id/,
    ],
    [
      'a missing detail',
      altered(1, { stateEnteredEventDetails: { name: 'T' } }),
      /^event 2 .*\/input: not in the recording/,
    ],
    [
      'an event too many',
      { ...recording(), events: recording().events.slice(0, 6) },
      /^event 7: ExecutionSucceeded, the recording has ended/,
    ],
    [
      'an event too few',
      { ...recording(), events: [...recording().events, event('TaskFailed', 8, 7, {})] },
      /^event 8: missing/,
    ],
  ])('finds %s', async (_, changed, difference) => {
    expect(firstDifference(changed, await replay(recording()))).toMatch(difference);
  });

  it('takes a placeholder for the same value wherever it stands', async () => {
    const actual = await replay({
      ...recording(),
      taskResults: [{ state: 'T', outcome: 'succeed', output: { id: 'one' } }],
    });

    const swapped = actual.map((own) =>
      own.id === 7
        ? { ...own, executionSucceededEventDetails: { output: '{"id":"two"}', outputDetails: { truncated: false } } }
        : own,
    );

    expect(firstDifference(recording(), actual)).toBeUndefined();
    expect(firstDifference(recording(), swapped)).toMatch(/^event 7/);
  });
});

if (existsSync(RECORDED)) {
  describe('what AWS recorded', () => {
    it.each(readdirSync(RECORDED).filter((file) => file.endsWith('.json')))('%s', async (file) => {
      const recorded = Recording.parse(JSON.parse(readFileSync(join(RECORDED, file), 'utf8')));
      const replayed = await replay(recorded).catch((error: unknown) => error);

      if (replayed instanceof DefinitionError) expect(replayed.refusal).not.toBe('INVALID');
      else expect(firstDifference(recorded, replayed as Awaited<ReturnType<typeof replay>>)).toBeUndefined();
    });
  });
}
