import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wordsOf } from '../error-words.ts';
import type { WorkerLog } from '../worker-log.ts';
import { type AgentUser, handOver } from './agent-user.ts';

/** The folders of one run, by paths without links. Only `workspace` is uploaded. */
export interface AgentRooms {
  readonly workspace: string;
  readonly home: string;
  readonly temp: string;
  /** Where Node keeps what it has compiled of the agent's CLI; made by Node. */
  readonly compileCache: string;
  /** The worker's own: the agent may pass through it, and neither list nor write it. */
  readonly base: string;
  /** The agent's own, with its home, its temporary files and what it is given to read. */
  readonly own: string;
}

/** Makes the workspace, where it is missing, and private folders beside it that last for this run. */
export async function makeRooms(workspace: string, user: AgentUser): Promise<AgentRooms> {
  await mkdir(workspace, { recursive: true });
  const base = await mkdtemp(join(await realpath(tmpdir()), 'outpost-'));
  const own = join(base, 'agent');
  const inOwn = { home: join(own, 'home'), temp: join(own, 'tmp'), compileCache: join(own, 'compile-cache') };
  const rooms = { workspace: await realpath(workspace), base, own, ...inOwn };
  for (const folder of [own, rooms.home, rooms.temp]) await mkdir(folder, { mode: 0o700 });
  for (const folder of [rooms.workspace, own, rooms.home, rooms.temp]) await handOver(folder, user);
  if (user.identity.uid !== undefined) await chmod(base, 0o711);
  return rooms;
}

/** Agents commit, and git refuses to where nobody says who does; a task or repository may say otherwise. */
const GIT_IDENTITY = { '.gitconfig': '[user]\n\tname = Outpost\n\temail = agent@outpost.invalid\n' };

/**
 * Puts files into the agent's home, by their paths there, with the folders that they need. To be called before anything
 * ran in it: nobody has prepared a link there.
 */
export async function furnishHome(
  { home }: AgentRooms,
  user: AgentUser,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const [path, content] of Object.entries({ ...GIT_IDENTITY, ...files })) {
    const folders = path.split('/').slice(0, -1);
    for (const at of folders.keys()) await makeFolder(join(home, ...folders.slice(0, at + 1)), user);
    await writeFile(join(home, path), content, { mode: 0o600, flag: 'wx' });
    await handOver(join(home, path), user);
  }
}

async function makeFolder(path: string, user: AgentUser): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await handOver(path, user);
}

/** Writes a file that only the agent can read. Returns its path. */
export async function writeForAgent(
  rooms: AgentRooms,
  user: AgentUser,
  name: string,
  content: string,
): Promise<string> {
  const path = join(rooms.own, name);
  await writeFile(path, content, { mode: 0o400, flag: 'wx' });
  await handOver(path, user);
  return path;
}

/**
 * Removes what a run leaves on a machine that outlives it. In a container the disk goes with it; and root does not walk
 * through folders that an agent could have prepared. An agent can leave folders that nobody but root can remove: by then
 * its output is saved, so that is said and no more.
 */
export async function leaveRooms(rooms: AgentRooms, user: AgentUser, log: WorkerLog): Promise<void> {
  if (user.identity.uid !== undefined) return;
  try {
    await rm(rooms.base, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    log.say(`${rooms.base} cannot be removed: ${wordsOf(error)}`);
  }
}
