import type { AgentName } from '../../core/agents.ts';
import type { AgentProgram } from './agent-program.ts';
import { shell } from './shell.ts';

/** How the agents of the catalogue are run: each one that is available has its entry. */
export const AGENT_PROGRAMS: Readonly<Partial<Record<AgentName, AgentProgram>>> = { shell };
