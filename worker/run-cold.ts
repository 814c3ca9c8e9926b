import type { AttemptRef } from '../core/ids.ts';
import { type AgentRooms, furnishHome, leaveRooms, makeRooms } from './agent/agent-rooms.ts';
import { runAttempt } from './attempt/run-attempt.ts';
import type { WorkerKit } from './worker-kit.ts';

/** The life of a cold ECS task: the one attempt that it was started for. Resolves to the container's exit code. */
export async function runCold(kit: WorkerKit, attempt: AttemptRef): Promise<number> {
  let rooms: AgentRooms | undefined;
  const openRooms = async (user = kit.user) => {
    rooms = await makeRooms(kit.workspace, user);
    await furnishHome(rooms, user, kit.program?.homeFiles);
    return rooms;
  };
  const { exitCode } = await runAttempt({ ...kit, attempt, openRooms });
  if (rooms !== undefined) await leaveRooms(rooms, kit.user, kit.log);
  return exitCode;
}
