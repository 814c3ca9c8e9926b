import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { AgentAccount } from '../../worker/agents/agent-account.ts';
import { codexUsage } from '../../worker/agents/codex-usage.ts';
import { Redaction } from '../../worker/secrets/redaction.ts';

const INIT = '{"type":"system","subtype":"init","model":"some-model"}';
const RECONNECTING = '{"type":"error","message":"Reconnecting... 2/5"}';

function lastWordsOf(stdout: readonly string[], stderr: readonly string[] = [], secrets = {}): string | undefined {
  const account = new AgentAccount(codexUsage());
  for (const line of stdout) account.line(line, 'stdout');
  for (const line of stderr) account.line(line, 'stderr');
  const redaction = new Redaction(secrets);
  return account.lastWords((text) => redaction.text(text));
}

it.each([
  {
    cli: 'Claude Code',
    lines: [INIT, '{"type":"result","is_error":true,"num_turns":1,"result":"Not logged in · Please run /login"}'],
    words: 'Not logged in · Please run /login',
  },
  {
    cli: 'Claude Code, of several',
    lines: ['{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["One","Two"]}'],
    words: 'One; Two',
  },
  {
    cli: 'Codex',
    lines: [RECONNECTING, '{"type":"turn.failed","error":{"message":"unexpected status 401 Unauthorized"}}'],
    words: 'unexpected status 401 Unauthorized',
  },
  {
    cli: 'Gemini CLI',
    lines: [
      '{"type":"result","status":"error","error":{"type":"FatalError","message":"[API Error: quota]"},"stats":{}}',
      '{"type":"error","severity":"warning","message":"Loop detected"}',
    ],
    words: '[API Error: quota]',
  },
  {
    cli: 'Grok Build',
    lines: ['{"type":"error","message":"Not signed in. Run:\\n  grok login"}'],
    words: 'Not signed in. Run: grok login',
  },
])('finds why it failed among the events of $cli', ({ lines, words }) => {
  expect(lastWordsOf(lines, ['Warning: something else'])).toBe(words);
});

it.each([
  '{"type":"turn.completed","usage":{}}',
  '{"type":"result","is_error":false,"result":"Done."}',
  '{"type":"result","status":"success"}',
  '{"type":"end"}',
])('forgets a failure that it got over: %s', (line) => {
  expect(lastWordsOf([RECONNECTING, line], ['Error: disk full'])).toBe('Error: disk full');
});

it('takes the last line of standard error that has words where no event tells', () => {
  const errors = ['YOLO mode is enabled.', '\u001b[31mPlease set an Auth method\u001b[39m\r', '', '───', '\u001b[?25h'];

  expect(lastWordsOf([INIT], errors)).toBe('Please set an Auth method');
});

it.each([
  { what: 'Node', file: process.execPath, args: ['-e', 'throw new Error("the cause")'], words: 'Error: the cause' },
  {
    what: 'bash',
    file: 'bash',
    args: ['-c', 'no-such-program-here'],
    words: /no-such-program-here: command not found$/,
  },
])('finds the error before what $what says behind it', ({ file, args, words }) => {
  const { stderr } = spawnSync(file, args, { encoding: 'utf8' });

  expect(lastWordsOf([], stderr.split('\n'))).toMatch(words);
});

it('says nothing where the CLI has said nothing', () => {
  expect(
    lastWordsOf([INIT, 'some text', '{"type":"error"', '{"type":"error","message":7}'], ['', ' ']),
  ).toBeUndefined();
  expect(lastWordsOf(['{"type":"error","message":" \\u0000\\u202e "}'])).toBeUndefined();
});

it.each([0, 470, 499, 600])('shows no part of a secret that JSON has hidden from the stream, at %i', (at) => {
  const KEY = 'sk-abcdefgh+ijklmnop/qrstuvwxyz';
  const escaped = `${'x'.repeat(at)} ${KEY}`.replace('+', '\\u002b').replace('/', '\\/');

  const words = lastWordsOf([`{"type":"error","message":"${escaped}"}`], [], { KEY });

  expect(words).not.toContain(KEY.slice(0, 8));
});

it('keeps to one short line', () => {
  const words = lastWordsOf([], [`a\u0007b\tc ${'d e '.repeat(10_000)}`]);

  expect(words).toMatch(/^ab c d e .*…$/);
  expect(words).toHaveLength(500);
});

it.each([
  ['an event', 'stdout', '{"type":"result","x":['],
  ['spaces', 'stdout', '{"type":'],
  ['escapes', 'stderr', '\u001b['],
] as const)('takes little time for a flood of %s', (_what, from, beginning) => {
  const account = new AgentAccount({ line: () => {}, read: () => undefined });
  const filler = beginning.endsWith('[') && from === 'stdout' ? '{},' : ' ';
  const line = beginning.padEnd(60_000, filler);
  const before = process.cpuUsage();

  for (let count = 0; count < 100; count += 1) account.line(line, from);

  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(2);
});
