import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type AgentName, availableAgents } from '../core/agents.ts';

/**
 * The pool of this machine, for `PoolText`. An agent whose CLI is on PATH has one slot where a dispatch has found none,
 * and no more: each is a process here. One whose CLI is not has no slot, for its boot would fail each time. Bash is there.
 */
export function localPool(path: string = process.env['PATH'] ?? ''): string {
  return availableAgents()
    .filter((agent) => agent !== 'shell')
    .map((agent) => `${agent}=0-${isOnPath(agent, path) ? 1 : 0}`)
    .join(',');
}

/** An agent is called as its CLI is. */
function isOnPath(agent: AgentName, path: string): boolean {
  return path.split(delimiter).some((folder) => folder !== '' && isProgram(join(folder, agent)));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
