import { chmod, lchown, lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentUser } from '../agent/agent-user.ts';

/** Where a tenant's workspaces lie, by paths without links. */
export interface TenantFolders {
  /** `users/<tenant>/workspaces` */
  readonly workspaces: string;
  /** `users/<tenant>/new`, for what is not whole yet. */
  readonly making: string;
}

/** Everybody may pass through to a folder whose name they know, and nobody may list who is there. */
const USERS_MODE = 0o711;
const TENANT_MODE = 0o700;

/**
 * Makes the tenant's folder, which no other user may look into; what lies in it is the tenant's to make. Throws where it
 * belongs to somebody else.
 *
 * Only the folders down to the tenant's own are made by root: in these no agent can have put a link.
 * @param root the file system that workspaces lie on
 */
export async function openTenantFolder(root: string, tenantId: string, user: AgentUser): Promise<TenantFolders> {
  const users = join(await realpath(root), 'users');
  await mkdir(users, { recursive: true, mode: USERS_MODE });
  const folder = join(users, tenantId);
  const { uid, gid } = user.identity;
  if (uid === undefined || gid === undefined) {
    await mkdir(folder, { recursive: true, mode: TENANT_MODE });
  } else {
    // `mkdir` asks the process's mask, too.
    await chmod(users, USERS_MODE);
    await mkdir(folder, { recursive: true, mode: TENANT_MODE });
    await handOverTenantFolder(users, tenantId, { uid, gid });
  }
  return { workspaces: join(folder, 'workspaces'), making: join(folder, 'new') };
}

async function handOverTenantFolder(
  users: string,
  tenantId: string,
  user: { uid: number; gid: number },
): Promise<void> {
  const folder = join(users, tenantId);
  const facts = await lstat(folder);
  if (!facts.isDirectory()) throw new Error(`${folder} is no folder.`);
  if (facts.uid === user.uid) return;
  // One that was made a moment ago, here or by another worker, is still root's.
  if (facts.uid !== process.getuid?.()) {
    throw new Error(
      `The folder of the tenant ${tenantId} belongs to the user ${facts.uid} and not to ${user.uid}: ${ADVICE}`,
    );
  }
  const namesake = await ownerOtherThan(users, tenantId, user.uid);
  if (namesake !== undefined) {
    throw new Error(`The user ${user.uid} of the tenant ${tenantId} owns the folder of ${namesake} as well: ${ADVICE}`);
  }
  await chmod(folder, TENANT_MODE);
  await lchown(folder, user.uid, user.gid);
}

const ADVICE = 'the workspaces table is not the one that this file system was used with.';

/** User ids are given out once; a table that was lost and begun anew would give them out again. */
async function ownerOtherThan(users: string, tenantId: string, uid: number): Promise<string | undefined> {
  for (const name of await readdir(users)) {
    if (name !== tenantId && (await lstat(join(users, name))).uid === uid) return name;
  }
  return undefined;
}
