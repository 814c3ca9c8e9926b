import { expect, it } from 'vitest';
import { AgentAccount } from '../../worker/agents/agent-account.ts';
import { codexUsage } from '../../worker/agents/codex-usage.ts';

const INIT = '{"type":"system","subtype":"init","model":"some-model"}';

function lastWordsOf(stdout: readonly string[], stderr: readonly string[] = []): string | undefined {
  const account = new AgentAccount(codexUsage());
  for (const line of stdout) account.line(line, 'stdout');
  for (const line of stderr) account.line(line, 'stderr');
  return account.lastWords();
}

it.each([
  [
    'Claude Code',
    [
      INIT,
      '{"type":"result","subtype":"success","is_error":true,"num_turns":1,"result":"Not logged in · Please run /login"}',
    ],
    'Not logged in · Please run /login',
  ],
  [
    'Codex',
    [
      '{"type":"turn.started"}',
      '{"type":"error","message":"Reconnecting... 2/5"}',
      '{"type":"turn.failed","error":{"message":"unexpected status 401 Unauthorized"}}',
    ],
    'unexpected status 401 Unauthorized',
  ],
  [
    'Gemini CLI',
    [
      INIT,
      '{"type":"result","status":"error","error":{"type":"FatalError","message":"[API Error: quota]"},"stats":{}}',
    ],
    '[API Error: quota]',
  ],
  ['Grok Build', ['{"type":"error","message":"Not signed in. Run:\\n  grok login"}'], 'Not signed in. Run: grok login'],
])('finds why it failed among the events of %s', (_cli, lines, words) => {
  expect(lastWordsOf(lines, ['Warning: something else'])).toBe(words);
});

it('takes the last line of errors that has words where no event tells', () => {
  const errors = ['YOLO mode is enabled.', '\u001b[31mPlease set an Auth method\u001b[39m\r', '', '───', '  }'];

  expect(lastWordsOf([INIT, '{"type":"result","status":"success"}'], errors)).toBe('Please set an Auth method');
});

it('says nothing where the CLI has said nothing', () => {
  expect(
    lastWordsOf([INIT, 'some text', '{"type":"error"', '{"type":"error","message":7}'], ['', ' ']),
  ).toBeUndefined();
  expect(lastWordsOf(['{"type":"error","message":" \\u0000 "}'])).toBeUndefined();
});

it('says nothing of a shell, whatever its commands print', () => {
  const account = new AgentAccount(undefined);

  account.line('{"type":"error","message":"not for you"}', 'stdout');
  account.line('make: *** [all] Error 2', 'stderr');

  expect(account.lastWords()).toBeUndefined();
});

it('keeps to one short line', () => {
  const [words = ''] = [lastWordsOf([], ['a\u0007b\tc '.repeat(10_000)])];

  expect(words).toMatch(/^(a b c )+.*…$/);
  expect(words).toHaveLength(500);
});
