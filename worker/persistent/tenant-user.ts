import { appendFile, readFile } from 'node:fs/promises';
import type { WorkspaceStore } from '../../lambdas/shared/workspace-store.ts';
import type { AgentUser } from '../agent/agent-user.ts';

/**
 * The user that a tenant's agents run as where workspaces outlive them: one of the tenant's own, because whoever has the
 * image's one user id could read every tenant's files. Where agents run as the worker's own user, they do so here too.
 * @param passwdFile where the user is named; in a container many programs want a name for who runs them
 */
export async function tenantUser(
  user: AgentUser,
  tenantId: string,
  store: Pick<WorkspaceStore, 'uidOf'>,
  passwdFile: string | undefined,
): Promise<AgentUser> {
  if (user.identity.uid === undefined) return user;
  const uid = await store.uidOf(tenantId);
  if (passwdFile !== undefined) await nameUser(passwdFile, uid);
  return { name: nameOf(uid), identity: { uid, gid: uid } };
}

function nameOf(uid: number): string {
  return `agent${uid}`;
}

async function nameUser(file: string, uid: number): Promise<void> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  if (lines.some((line) => line.split(':')[2] === String(uid))) return;
  const before = lines.at(-1) === '' ? '' : '\n';
  await appendFile(file, `${before}${nameOf(uid)}:x:${uid}:${uid}::/nonexistent:/bin/bash\n`);
}
