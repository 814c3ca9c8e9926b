import type { AgentName } from '../../core/agents.ts';
import type { MakeCommand } from './agent-command.ts';
import { shell } from './shell.ts';

/** How the agents of the catalogue are run: each one that is available has its entry. */
export const AGENT_COMMANDS: Readonly<Partial<Record<AgentName, MakeCommand>>> = { shell };
