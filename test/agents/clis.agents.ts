import { describe, expect, it } from 'vitest';
import { type AgentToTest, probeAgent, tryAgent, WRITTEN } from './agent-in-test.ts';
import { AGENTS_TO_TEST } from './agents-to-test.ts';
import { isOnPath } from './is-on-path.ts';
import { TASK } from './request-in-test.ts';
import { REPLY_USAGE } from './stub-model/model-dialect.ts';
import { type Exchange, type StubModel, WRONG_KEY } from './stub-model/stub-model.ts';

const { claude, codex, gemini, aider, grok } = AGENTS_TO_TEST;

const LONG_TASK = `Read this: ${'x'.repeat(49_980)} end`;

/** A model that no CLI would choose by itself. */
const CHOSEN = {
  claude: 'claude-sonnet-4-20250514',
  codex: 'gpt-5',
  gemini: 'gemini-2.5-flash',
  aider: 'openai/gpt-4o',
  grok: 'grok-4.5',
};

/** These two cannot be had on every machine; the script that runs this says so. */
const AGENTS: readonly AgentToTest[] = [claude, codex, gemini, ...[grok, aider].filter(({ name }) => isOnPath(name))];

describe.each(AGENTS.map((agent) => [agent.name, { ...agent, ...modelOf(agent) }] as const))('%s', (_name, agent) => {
  it('writes the file that the model asks for, is told the task as it was sent, and says what it used', async () => {
    const { end, files, model, usage, output } = await tryAgent(agent, TASK);

    expect(end, output).toEqual({ endedBy: 'agent', exitCode: 0 });
    expect(files).toEqual({ [WRITTEN.name]: WRITTEN.content });
    expect(tasksIn(model.exchanges)).toContain(TASK);
    const answers = countedAnswers(agent, model);
    expect(usage?.inputTokens).toBe(answers * REPLY_USAGE.inputTokens);
    expect(usage?.outputTokens).toBe(answers * REPLY_USAGE.outputTokens);
  });

  it('asks the model that the dispatch names', async () => {
    const chosen = { ...agent, modelId: CHOSEN[agent.name as keyof typeof CHOSEN] };

    const { end, model, output } = await tryAgent(chosen, LONG_TASK);

    expect(end.exitCode, output).toBe(0);
    const [asked] = model.exchanges.filter(({ request }) => request.userTexts.includes(LONG_TASK));
    expect(chosen.modelId).toContain(asked?.request.model);
  });

  it('takes a task that begins with a slash or an exclamation mark for a task', async () => {
    const { end, model, files, output } = await tryAgent(agent, '/help !id');

    expect(end.exitCode, output).toBe(0);
    expect(tasksIn(model.exchanges).some((text) => text.endsWith('/help !id'))).toBe(true);
    expect(files).toHaveProperty(WRITTEN.name);
  });

  it('answers its probe', async () => {
    const { end, output } = await probeAgent(agent.program);

    expect(end, output).toEqual({ endedBy: 'agent', exitCode: 0 });
    expect(output).toMatch(/\d+\.\d+\.\d+/);
  });
});

function withWrongKey(agent: AgentToTest): AgentToTest {
  const wrong = ([name, value]: readonly [string, string]) => [name, name.endsWith('_KEY') ? WRONG_KEY : value];
  return { ...agent, given: (url) => Object.fromEntries(Object.entries<string>(agent.given(url)).map(wrong)) };
}

describe('a wrong key', () => {
  it.each(AGENTS.filter(({ program }) => !program.exitsCleanOnFailure))(
    'makes $name fail, and say why',
    async (agent) => {
      const { end, lastWords, output } = await tryAgent(withWrongKey(agent), TASK);

      expect(end, output).toMatchObject({ endedBy: 'agent', exitCode: expect.toSatisfy((code) => code > 0) });
      expect(lastWords, output).toMatch(/no such key|not signed in/i);
    },
  );

  it.each(AGENTS.filter(({ program }) => program.exitsCleanOnFailure))('leaves $name without use', async (agent) => {
    const { end, usage, output } = await tryAgent(withWrongKey({ ...agent, ...modelOf(agent) }), TASK);

    expect(end, output).toEqual({ endedBy: 'agent', exitCode: 0 });
    expect(usage).toBeUndefined();
  });
});

/** Aider has no model of its own for a key of OpenAI's alone that it could be sure of. */
function modelOf({ name }: AgentToTest): Pick<AgentToTest, 'modelId'> {
  return name === 'aider' ? { modelId: CHOSEN.aider } : {};
}

/** Grok does not count what it asks beside the conversation, for a title and a summary. */
function countedAnswers({ name }: AgentToTest, { exchanges }: StubModel): number {
  return name === 'grok' ? 2 : exchanges.length;
}

function tasksIn(exchanges: readonly Exchange[]): string[] {
  return exchanges.flatMap(({ request }) => request.userTexts);
}
