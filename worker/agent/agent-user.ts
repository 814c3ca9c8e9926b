import { chown } from 'node:fs/promises';
import { userInfo } from 'node:os';

/** The user that the agent, and everything that touches its workspace after it began, runs as. */
export interface AgentUser {
  readonly name: string;
  /** For `spawn`: empty where the agent runs as the worker's own user. */
  readonly identity: { readonly uid?: number; readonly gid?: number };
}

/** Throws where the image asks for a user of the agent's own and the worker may not become it. */
export function agentUser(uid: number | undefined): AgentUser {
  if (uid === undefined) return { name: ownName(), identity: {} };
  if (uid === 0) throw new Error('AGENT_UID is 0: the agent must not run as root');
  if (process.getuid?.() !== 0) throw new Error(`AGENT_UID is ${uid}, but only root can run the agent as another user`);
  return { name: 'agent', identity: { uid, gid: uid } };
}

/** Hands a file or folder over to the agent. */
export async function handOver(path: string, { identity: { uid, gid } }: AgentUser): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

/** A user without an entry in the user database has no name, and `userInfo` throws. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'agent';
  }
}
