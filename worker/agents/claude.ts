import type { MakeCommand } from './agent-command.ts';
import type { AgentProgram } from './agent-program.ts';
import { claudeUsage } from './claude-usage.ts';
import { asPrompt } from './task-text.ts';

/** Claude Code refuses to skip permissions as root unless it is told that it is in a sandbox: a laptop's container is. */
const ENV = {
  IS_SANDBOX: '1',
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
};

const makeCommand: MakeCommand = async ({ spec, writeFile }) => ({
  file: 'claude',
  args: [
    '--print',
    ...['--output-format', 'stream-json', '--verbose'],
    '--dangerously-skip-permissions',
    ...(spec.modelId === undefined ? [] : ['--model', spec.modelId]),
  ],
  env: ENV,
  stdinFile: await writeFile('task.md', asPrompt(spec.task)),
});

/** Anthropic's Claude Code. Its key is `ANTHROPIC_API_KEY`, its gateway `ANTHROPIC_BASE_URL`. */
export const claude: AgentProgram = {
  makeCommand,
  probe: { file: 'claude', args: ['--version'], env: ENV },
  usage: claudeUsage,
};
