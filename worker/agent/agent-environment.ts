import type { AgentCommand } from '../agents/agent-command.ts';
import type { AgentProgram } from '../agents/agent-program.ts';
import { programPath } from '../program-path.ts';
import type { AgentRooms } from './agent-rooms.ts';
import type { AgentUser } from './agent-user.ts';

/** Marks every process of an attempt, so that what left its family is found again. */
export const ATTEMPT_MARKER = 'OUTPOST_ATTEMPT';

/** By this variable the embedded ECS knows what belongs to an ECS task after it was killed itself. */
const ECS_TASK_MARKER = 'OUTPOST_ECS_TASK';

export interface AgentEnvironment {
  /** Value of the marker. */
  readonly mark: string;
  readonly rooms: AgentRooms;
  readonly user: AgentUser;
  readonly program: AgentProgram;
  /** The command that runs in it. */
  readonly command: AgentCommand;
  /** What the deployment and the tenant give. @default nothing */
  readonly given?: Readonly<Record<string, string>>;
  /** The dispatch that it is run for; a probe is run for none. */
  readonly dispatchId?: string;
}

/** The agent's environment, made from nothing: none of AWS's variables, none of ECS's, none of the worker's. */
export function agentEnvironment(run: AgentEnvironment): Record<string, string> {
  const { mark, rooms, user, program, command, given, dispatchId } = run;
  return {
    PATH: programPath(),
    HOME: rooms.home,
    TMPDIR: rooms.temp,
    USER: user.name,
    LOGNAME: user.name,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    ...(program.runsOnNode ? { NODE_COMPILE_CACHE: rooms.compileCache } : {}),
    ...(dispatchId === undefined ? {} : { OUTPOST_DISPATCH_ID: dispatchId }),
    ...command.env,
    ...given,
    [ATTEMPT_MARKER]: mark,
    ...hostMarker(),
  };
}

/** Variables for a child of ours that works for the agent, but must not count as one of its processes. */
export function hostMarker(): Record<string, string> {
  const marker = process.env[ECS_TASK_MARKER];
  return marker ? { [ECS_TASK_MARKER]: marker } : {};
}
