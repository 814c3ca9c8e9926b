import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import aslValidator from 'asl-validator';
import { describe, expect, it } from 'vitest';
import { drawStateMachine } from '../../scripts/draw-state-machine.ts';
import { type StateMachineName, stateMachine } from './state-machine-file.ts';

const ROOT = new URL('../../', import.meta.url);
const names = readdirSync(new URL('state-machines/', ROOT)).map(
  (file) => file.replace('.asl.json', '') as StateMachineName,
);

describe.each(names)('%s', (name) => {
  const definition = stateMachine(name);
  const states = Object.entries(definition.States);

  it('is the Amazon States Language', () => {
    const { isValid, errorsText } = aslValidator(definition);

    expect(isValid, errorsText('\n')).toBe(true);
  });

  it('is JSONata throughout', () => {
    const text = JSON.stringify(definition);

    expect(definition).toMatchObject({ QueryLanguage: 'JSONata' });
    expect(text).not.toMatch(/"QueryLanguage":"JSONPath"|"\w+\.\$":/);
  });

  it('limits the time of every Task, and its own', () => {
    const unlimited = states.filter(([, state]) => state.Type === 'Task' && !state['TimeoutSeconds']);

    expect(unlimited.map(([state]) => state)).toEqual([]);
    expect(definition.TimeoutSeconds).toBeGreaterThan(0);
  });

  it('leads to every state, and from every state to an end', () => {
    const next = (state: unknown): string[] =>
      [...JSON.stringify(state).matchAll(/"(?:Next|Default)":"(\w+)"/g)].map(([, to = '']) => to);
    const reached = new Set<string>();
    const reach = (state: string): void => {
      if (reached.has(state)) return;
      reached.add(state);
      next(definition.States[state]).forEach(reach);
    };

    reach(definition.StartAt);

    expect([...reached].sort()).toEqual(states.map(([state]) => state).sort());
    for (const [, state] of states) expect(next(state).length > 0).toBe(!['Succeed', 'Fail'].includes(state.Type));
  });

  it('retries a conditional write that was refused nowhere', () => {
    const writes = states.filter(([, state]) => {
      return JSON.stringify(state).includes('"ConditionExpression"') && state['Retry'] !== undefined;
    });

    for (const [, state] of writes) {
      expect(state['Retry']).toMatchObject([
        { ErrorEquals: expect.arrayContaining(['DynamoDB.ConditionalCheckFailedException']), MaxAttempts: 0 },
        {},
      ]);
    }
    expect(writes).not.toEqual([]);
  });
});

describe('the drawings in docs/', () => {
  it('are what the state machines yield', async () => {
    const check = promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', 'scripts/draw-state-machine.ts', '--check'],
      {
        cwd: fileURLToPath(ROOT),
      },
    );

    await expect(check).resolves.toMatchObject({ stderr: '' });
  });

  it('show every state and every transition, with text that XML can carry', () => {
    const drawn = drawStateMachine(
      {
        StartAt: 'A',
        States: {
          A: {
            Type: 'Choice',
            Choices: [{ Condition: '{% $states.input.n < 3 & true %}', Next: 'B' }],
            Default: 'C',
          },
          B: {
            Type: 'Task',
            Resource: 'arn:aws:states:::sqs:sendMessage',
            Next: 'C',
            Catch: [{ ErrorEquals: ['States.ALL'], Next: 'C' }],
          },
          C: { Type: 'Succeed' },
        },
      },
      'sample',
    );

    expect([...drawn.matchAll(/class="name"[^>]*>(\w+)</g)].map(([, name]) => name)).toEqual(['A', 'B', 'C']);
    expect(drawn.match(/<path class="arrow/g)).toHaveLength(5);
    expect(drawn.match(/<path class="arrow catch"/g)).toHaveLength(1);
    expect(drawn).toContain('>n &lt; 3 &amp; true<');
  });
});
