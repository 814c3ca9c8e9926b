import { describe, expect, it } from 'vitest';
import { agentVariables } from '../../../local/cli/command-line.ts';

describe('--agent-env', () => {
  it('may be given again and again', () => {
    const [first, second] = ['claude.ANTHROPIC_BASE_URL=http://gateway', 'codex.A=b c'];

    const both = agentVariables(second, agentVariables(first));

    expect(both).toBe(`${first}\n${second}`);
  });

  it.each([
    ['claude', 'It must be like claude.NAME=value'],
    ['grok.A=1', 'It must name an available agent'],
    ['claude.HOME=/', 'It must not set HOME'],
    ['codex.OPENAI_API_KEY=x', 'It must not hold OPENAI_API_KEY'],
  ])('is refused as wrong usage, in words that say why: %s', (text, says) => {
    expect(() => agentVariables(text)).toThrow(says);
  });
});
