import { chmod, chown, copyFile, link, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentUser } from '../agent/agent-user.ts';
import type { ClonedRepository } from './cloned-repository.ts';
import { SAFE_SETTINGS } from './git-environment.ts';

/** Where the changes of an agent are measured from, out of its reach. */
export interface BaseTree {
  /** A git directory of ours: settings of our own, and the objects of the clone. */
  readonly gitDir: string;
  readonly tree: string;
}

/**
 * Keeps the objects of a fresh clone for `changes.patch`, in a git directory that the worker owns. To be called before
 * the agent begins; afterwards nothing of the workspace's own `.git` is asked any more:
 *
 * - whatever git would run (hooks, filters, fsmonitor, external diff) is named by settings, and these are ours;
 * - objects are mere data, but an agent may change or remove them. Here each is a second name for the same file, so it
 *   costs no room and outlives `rm -rf .git`. Where the agent has a user of its own, the file becomes ours: it can be
 *   read and not changed. As the worker's own user an agent can change it, as anything else of the worker's.
 */
export async function keepBase(
  clone: ClonedRepository,
  workspace: string,
  folder: string,
  user: AgentUser,
): Promise<BaseTree> {
  const gitDir = join(folder, 'origin');
  for (const name of ['', 'objects', 'refs']) await mkdir(join(gitDir, name), { mode: 0o755 });
  await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n', { mode: 0o644 });
  await writeFile(join(gitDir, 'config'), settingsOf(clone), { mode: 0o644 });
  await keepFolder(join(workspace, '.git', 'objects'), join(gitDir, 'objects'), user);
  return { gitDir, tree: clone.tree };
}

function settingsOf({ objectFormat }: ClonedRepository): string {
  const settings: [string, string][] = [
    ['core.repositoryFormatVersion', '1'],
    ['extensions.objectFormat', objectFormat],
    ['core.bare', 'false'],
    ...SAFE_SETTINGS.map(([name, value]): [string, string] => [name, value]),
    // Files over this size are compared as bytes: git needs several times a text's size to compare its lines.
    ['core.bigFileThreshold', '4m'],
    // What it writes is read once and thrown away.
    ['core.compression', '0'],
    ['diff.renameLimit', '200'],
    ['diff.renames', 'true'],
  ];
  return settings.map(([name, value]) => `[${name.split('.')[0]}]\n\t${name.split('.')[1]} = ${value}\n`).join('');
}

async function keepFolder(from: string, to: string, user: AgentUser): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      await mkdir(target, { mode: 0o755 });
      await keepFolder(source, target, user);
    } else if (entry.isFile()) {
      await keepFile(source, target, user);
    }
  }
}

async function keepFile(source: string, target: string, { identity }: AgentUser): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    // Another file system, or one without hard links.
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await copyFile(source, target);
  }
  if (identity.uid === undefined) return;
  await chown(target, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  await chmod(target, 0o444);
}
