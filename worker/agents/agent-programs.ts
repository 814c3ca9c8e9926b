import type { AgentName } from '../../core/agents.ts';
import type { AgentProgram } from './agent-program.ts';
import { aider } from './aider.ts';
import { claude } from './claude.ts';
import { codex } from './codex.ts';
import { gemini } from './gemini.ts';
import { grok } from './grok.ts';
import { shell } from './shell.ts';

/** How the agents of the catalogue are run. */
export const AGENT_PROGRAMS: Readonly<Record<AgentName, AgentProgram>> = { claude, codex, gemini, aider, grok, shell };
