import type { MakeCommand } from './agent-command.ts';
import type { AgentProgram } from './agent-program.ts';

/**
 * The task is a bash script. It goes through a file: Linux takes no argument over 128 KiB, and 50,000 characters can be
 * more than that in UTF-8.
 */
const makeCommand: MakeCommand = async ({ spec, writeFile }) => {
  const script = await writeFile('task.sh', spec.task);
  return { file: 'bash', args: ['-euo', 'pipefail', script] };
};

export const shell: AgentProgram = { makeCommand, probe: { file: 'bash', args: ['-c', ':'] } };
