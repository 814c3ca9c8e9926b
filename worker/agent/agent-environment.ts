import { type AttemptRef, attemptName } from '../../core/ids.ts';
import type { AgentRooms } from './agent-rooms.ts';
import type { AgentUser } from './agent-user.ts';

/** Marks every process of an attempt, so that what left its family is found again. */
export const ATTEMPT_MARKER = 'OUTPOST_ATTEMPT';

/** By this variable the embedded ECS knows what belongs to an ECS task after it was killed itself. */
const ECS_TASK_MARKER = 'OUTPOST_ECS_TASK';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The agent's environment, made from nothing: none of AWS's variables, none of ECS's, none of the worker's. */
export function agentEnvironment(
  ref: AttemptRef,
  rooms: AgentRooms,
  user: AgentUser,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    PATH: process.env['PATH'] || DEFAULT_PATH,
    HOME: rooms.home,
    TMPDIR: rooms.temp,
    USER: user.name,
    LOGNAME: user.name,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    OUTPOST_DISPATCH_ID: ref.dispatchId,
    ...extra,
    [ATTEMPT_MARKER]: attemptName(ref),
    ...hostMarker(),
  };
}

/** Variables for a child of ours that works for the agent, but must not count as one of its processes. */
export function hostMarker(): Record<string, string> {
  const marker = process.env[ECS_TASK_MARKER];
  return marker ? { [ECS_TASK_MARKER]: marker } : {};
}
