import { describe, expect, it } from 'vitest';
import { DispatchSpec } from '../../core/dispatch-spec.ts';
import type { AgentTask } from '../../worker/agents/agent-command.ts';
import type { AgentProgram } from '../../worker/agents/agent-program.ts';
import { aider } from '../../worker/agents/aider.ts';
import { claude } from '../../worker/agents/claude.ts';
import { codex } from '../../worker/agents/codex.ts';
import { gemini } from '../../worker/agents/gemini.ts';
import { grok } from '../../worker/agents/grok.ts';

const PROGRAMS: Readonly<Record<string, AgentProgram>> = { claude, codex, gemini, aider, grok };

const SPEC = { version: 1, dispatchId: '01K9Z3V5M8Q2R4T6W8X0Y1A2B3', tenantId: 'acme', timeoutSeconds: 60 };

describe.each(Object.entries(PROGRAMS))('the command line of %s', (name, program) => {
  it.each([
    ['begins with a dash', '--dangerously-do-this\n-rf'],
    ['has newlines and quotes', 'one\n"two" \'three\' $(four) `five`\n'],
    ['has 50,000 characters', '🦀'.repeat(50_000)],
  ])('is the same for a task that %s, which goes through a file', async (_what, task) => {
    const { command, files } = await commandOf(name, program, { task });
    const { command: usual } = await commandOf(name, program, { task: 'usual' });

    expect(command).toEqual(usual);
    expect(files).toEqual({ 'task.md': task });
    expect([command.stdinFile, ...command.args]).toContain('/given/task.md');
  });

  it('names the model of the dispatch, and none by itself', async () => {
    const named = await commandOf(name, program, { modelId: 'us.vendor.model-v1:0' });
    const unnamed = await commandOf(name, program, {});

    const at = named.command.args.indexOf('--model');
    expect(named.command.args[at + 1]).toBe('us.vendor.model-v1:0');
    expect(named.command.args.toSpliced(at, 2)).toEqual(unnamed.command.args);
  });

  it('holds no key that the agent is given', async () => {
    const given = { OPENAI_API_KEY: 'secret', ANTHROPIC_API_KEY: 'secret', GEMINI_API_KEY: 'secret' };

    const { command } = await commandOf(name, program, { given });

    expect(JSON.stringify(command)).not.toContain('secret');
  });
});

describe('a task that reads like a command of the CLI', () => {
  const task = '!rm -rf /';

  it.each([
    ['claude', claude],
    ['gemini', gemini],
    ['aider', aider],
  ])('gets a line before it for %s', async (name, program) => {
    const slash = await commandOf(name, program, { task: ' /clear the desk' });
    const shell = await commandOf(name, program, { task });

    expect(slash.files).toEqual({ 'task.md': 'The task:\n\n /clear the desk' });
    expect(shell.files).toEqual({ 'task.md': 'The task:\n\n!rm -rf /' });
  });

  it.each([
    ['codex', codex],
    ['grok', grok],
  ])('goes as it is to %s', async (name, program) => {
    const { files } = await commandOf(name, program, { task });

    expect(files).toEqual({ 'task.md': task });
  });
});

it('leads Codex to the gateway that it is given, without WebSockets', async () => {
  const given = { OPENAI_BASE_URL: 'http://gateway.internal/"v1"' };

  const direct = await commandOf('codex', codex, {});
  const through = await commandOf('codex', codex, { given });

  expect(direct.command.args.join(' ')).toContain('base_url="https://api.openai.com/v1"');
  expect(through.command.args.join(' ')).toContain('base_url="http://gateway.internal/\\"v1\\""');
  expect(through.command.args.join(' ')).toContain('supports_websockets=false');
});

it('lets Aider use git in a repository, and make none elsewhere', async () => {
  const within = await commandOf('aider', aider, { hasRepository: true });
  const outside = await commandOf('aider', aider, {});

  expect(within.command.args).not.toContain('--no-git');
  expect(outside.command.args).toContain('--no-git');
});

it.each(['-model', '', 'a b', 'a\nb', 'm'.repeat(257)])('refuses the model %j', (modelId) => {
  const { success } = DispatchSpec.safeParse({ ...SPEC, agent: 'claude', task: 'x', modelId });

  expect(success).toBe(false);
});

type Given = Partial<Pick<DispatchSpec, 'task' | 'modelId'> & Pick<AgentTask, 'given' | 'hasRepository'>>;

async function commandOf(agent: string, program: AgentProgram, { task = 'Do it.', modelId, ...rest }: Given) {
  const files: Record<string, string> = {};
  const writeFile = async (name: string, content: string) => {
    files[name] = content;
    return `/given/${name}`;
  };
  const spec = DispatchSpec.parse({ ...SPEC, agent, task, modelId });
  return { command: await program.makeCommand({ ...rest, spec, writeFile }), files };
}
