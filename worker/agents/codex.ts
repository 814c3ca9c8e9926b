import type { AgentTask, MakeCommand } from './agent-command.ts';
import type { AgentProgram } from './agent-program.ts';
import { codexUsage } from './codex-usage.ts';

const OPENAI_URL = 'https://api.openai.com/v1';

/** Settings in TOML, each an option of its own. */
const SETTINGS = ['check_for_update_on_startup=false', 'analytics.enabled=false', 'history.persistence="none"'];

const makeCommand: MakeCommand = async (task) => ({
  file: 'codex',
  args: [
    'exec',
    '--json',
    '--skip-git-repo-check',
    '--dangerously-bypass-approvals-and-sandbox',
    ...[...SETTINGS, ...providerSettings(task)].flatMap((setting) => ['--config', setting]),
    ...(task.spec.modelId === undefined ? [] : ['--model', task.spec.modelId]),
    // The task is on standard input.
    '-',
  ],
  stdinFile: await task.writeFile('task.md', task.spec.task),
});

/**
 * Codex's own provider takes its key from a login, and its address from no variable. A gateway seldom speaks WebSocket, and
 * Codex tries for seconds before it gives that up.
 */
function providerSettings({ given }: AgentTask): string[] {
  const url = given?.['OPENAI_BASE_URL'];
  const provider = {
    name: url === undefined ? 'OpenAI' : 'Gateway',
    base_url: url ?? OPENAI_URL,
    env_key: 'OPENAI_API_KEY',
    wire_api: 'responses',
  };
  const fields = Object.entries(provider).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [
    'model_provider="outpost"',
    `model_providers.outpost={${[...fields, `supports_websockets=${url === undefined}`].join(',')}}`,
  ];
}

/** OpenAI's Codex. Its key is `OPENAI_API_KEY`, its gateway `OPENAI_BASE_URL`. */
export const codex: AgentProgram = {
  makeCommand,
  probe: { file: 'codex', args: ['--version'] },
  usage: codexUsage,
};
