import type { MakeCommand } from './agent-command.ts';
import type { AgentProgram } from './agent-program.ts';
import { grokUsage } from './grok-usage.ts';

const ENV = {
  GROK_DISABLE_AUTOUPDATER: '1',
  GROK_TELEMETRY_ENABLED: '0',
  GROK_TELEMETRY_TRACE_UPLOAD: '0',
  GROK_FEEDBACK_ENABLED: '0',
  GROK_ERROR_REPORTING: '0',
};

const makeCommand: MakeCommand = async ({ spec, writeFile }) => ({
  file: 'grok',
  args: [
    // It does not read standard input.
    ...['--prompt-file', await writeFile('task.md', spec.task)],
    // Without it, a task that begins with a slash is one of the CLI's own commands.
    '--verbatim',
    ...['--output-format', 'streaming-json'],
    '--always-approve',
    ...(spec.modelId === undefined ? [] : ['--model', spec.modelId]),
  ],
  env: ENV,
});

/** xAI's Grok Build. Its key is `XAI_API_KEY`, its gateway `GROK_XAI_API_BASE_URL`. */
export const grok: AgentProgram = {
  makeCommand,
  probe: { file: 'grok', args: ['--version'], env: ENV },
  usage: grokUsage,
};
