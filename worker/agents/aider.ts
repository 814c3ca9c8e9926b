import type { MakeCommand } from './agent-command.ts';
import type { AgentProgram } from './agent-program.ts';
import { aiderUsage } from './aider-usage.ts';
import { asPrompt } from './task-text.ts';

/** LiteLLM, which Aider calls models by, has a list of models and prices in it. Both would fetch a newer one at each start. */
const ENV = { LITELLM_LOCAL_MODEL_COST_MAP: 'True' };
const HOME_FILES = { '.aider/caches/model_prices_and_context_window.json': '{"none":{}}' };

const QUIET = [
  '--yes-always',
  '--no-pretty',
  '--no-fancy-input',
  '--analytics-disable',
  '--no-check-update',
  '--no-show-release-notes',
  '--no-show-model-warnings',
  '--disable-playwright',
  // Where answers are streamed, it estimates their tokens.
  '--no-stream',
];

/** Aider would keep its histories in the workspace, commit there, list itself in `.gitignore`, and fetch every URL of the task. */
const HANDS_OFF = [
  ...['--chat-history-file', '/dev/null', '--input-history-file', '/dev/null'],
  '--no-auto-commits',
  '--no-dirty-commits',
  '--no-gitignore',
  '--no-detect-urls',
];

const makeCommand: MakeCommand = async ({ spec, hasRepository, writeFile }) => ({
  file: 'aider',
  args: [
    ...['--message-file', await writeFile('task.md', asPrompt(spec.task))],
    ...QUIET,
    ...HANDS_OFF,
    // It would make one.
    ...(hasRepository ? [] : ['--no-git']),
    ...(spec.modelId === undefined ? [] : ['--model', spec.modelId]),
  ],
  env: ENV,
});

/** Aider, for the models of many providers: it takes the key of whichever is there, and `OPENAI_API_BASE` for a gateway. */
export const aider: AgentProgram = {
  makeCommand,
  probe: { file: 'aider', args: ['--version'], env: ENV },
  homeFiles: HOME_FILES,
  usage: aiderUsage,
  exitsCleanOnFailure: true,
};
