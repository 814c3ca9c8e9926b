import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import aslValidator from 'asl-validator';
import { describe, expect, it } from 'vitest';
import { drawStateMachine } from '../../scripts/draw-state-machine.ts';

const ROOT = new URL('../../', import.meta.url);
const files = readdirSync(new URL('state-machines/', ROOT)).filter((file) => file.endsWith('.asl.json'));

/** The definition as AWS would see it: ARNs must look like ARNs, and numbers are numbers inside of expressions. */
function substituted(file: string): unknown {
  const text = readFileSync(new URL(`state-machines/${file}`, ROOT), 'utf8');
  return JSON.parse(
    text
      .replaceAll(/\$\{Partition\}/g, 'aws')
      .replaceAll(/\$\{\w+Seconds\}/g, '60')
      .replaceAll(/\$\{\w+\}/g, 'x'),
  );
}

describe.each(files)('%s', (file) => {
  it('is the Amazon States Language', () => {
    const { isValid, errorsText } = aslValidator(substituted(file));

    expect(isValid, errorsText('\n')).toBe(true);
  });

  it('is JSONata throughout', () => {
    const definition = substituted(file);

    expect(definition).toMatchObject({ QueryLanguage: 'JSONata' });
    expect(JSON.stringify(definition)).not.toMatch(/"QueryLanguage":"JSONPath"|"\w+\.\$":/);
  });

  it('limits the time of every Task', () => {
    const { States } = substituted(file) as { States: Record<string, { Type: string; TimeoutSeconds?: unknown }> };

    const unlimited = Object.entries(States).filter(([, state]) => state.Type === 'Task' && !state.TimeoutSeconds);

    expect(unlimited.map(([name]) => name)).toEqual([]);
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
