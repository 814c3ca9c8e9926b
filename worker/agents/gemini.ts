import type { MakeCommand } from './agent-command.ts';
import type { AgentProgram } from './agent-program.ts';
import { geminiUsage } from './gemini-usage.ts';
import { asPrompt } from './task-text.ts';

/** Else it starts itself once more, with another limit of memory than Node's own. */
const ENV = { GEMINI_CLI_NO_RELAUNCH: '1' };

/**
 * Gemini CLI takes these from a file alone. Beside a gateway's address it would choose a way to sign in that it then
 * refuses; `GEMINI_DEFAULT_AUTH_TYPE` names another one than by key.
 */
const SETTINGS = {
  general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
  privacy: { usageStatisticsEnabled: false },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the CLI fills in the variable.
  security: { auth: { selectedType: '${GEMINI_DEFAULT_AUTH_TYPE:-gemini-api-key}' } },
};

const makeCommand: MakeCommand = async ({ spec, writeFile }) => ({
  file: 'gemini',
  args: [
    '--yolo',
    '--skip-trust',
    ...['--output-format', 'stream-json'],
    ...(spec.modelId === undefined ? [] : ['--model', spec.modelId]),
  ],
  env: ENV,
  stdinFile: await writeFile('task.md', asPrompt(spec.task)),
});

/** Google's Gemini CLI. Its key is `GEMINI_API_KEY`, its gateway `GOOGLE_GEMINI_BASE_URL`. */
export const gemini: AgentProgram = {
  makeCommand,
  probe: { file: 'gemini', args: ['--version'], env: ENV },
  runsOnNode: true,
  homeFiles: { '.gemini/settings.json': JSON.stringify(SETTINGS) },
  usage: geminiUsage,
};
