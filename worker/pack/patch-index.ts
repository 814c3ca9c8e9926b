import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLI_CACHES, IGNORE_FILE, IgnoreRules, readIgnoreFile } from './ignore-rules.ts';
import { namedPath, type PackLine } from './packed-file.ts';
import type { PatchJob } from './patch-job.ts';
import { ignoreCopy, PrivateGit } from './private-git.ts';
import { SafeFolder } from './safe-folder.ts';
import { surveyWorkspace } from './workspace-survey.ts';

type Tell = (line: PackLine) => void;

const NUL = Buffer.from([0]);
const SLASH = Buffer.from('/');

/**
 * An index that holds the workspace as a commit of everything would: files that are tracked and files that are not, but
 * for what `.gitignore` and `.outpostignore` name and what CLIs keep for themselves. Repositories within the workspace are held as the plain files they are.
 */
export async function indexWorkspace(job: PatchJob, tell: Tell): Promise<PrivateGit> {
  mkdirSync(join(job.scratch, 'objects'));
  const rules = takeRules(job, tell);
  const { nested, large } = surveyWorkspace(openWorkspace(job), rules, job.maxFileBytes, tell);
  const git = new PrivateGit(job, 'index', job.workspace);
  await git.ask(['read-tree', job.tree]);
  const inner = await innerRepositories(git, nested);
  tellWords(await git.addAll([...large, ...inner], ignoreCopy(job)), tell);
  for (const [at, folder] of inner.entries()) await addNested(job, git, folder, `index-${at}`, { inner, large, tell });
  await takeBack(job, git, rules);
  return git;
}

function openWorkspace({ workspace }: PatchJob): SafeFolder {
  return SafeFolder.open(Buffer.from(workspace));
}

/** Git gets a copy: where the agent put a pipe in the file's place, it would wait for ever. */
function takeRules(job: PatchJob, tell: Tell): IgnoreRules {
  const root = openWorkspace(job);
  try {
    const content = readIgnoreFile(root);
    if (typeof content === 'string') tell({ skipped: { ...namedPath(IGNORE_FILE), reason: content } });
    const named = typeof content === 'string' ? Buffer.alloc(0) : content;
    const rules = Buffer.concat([named, Buffer.from(`\n${CLI_CACHES}`)]);
    writeFileSync(ignoreCopy(job), rules);
    return IgnoreRules.parse(rules);
  } finally {
    root.close();
  }
}

/** Of the folders with a `.git` of their own those that git would not take whole: neither ignored nor submodules. */
async function innerRepositories(git: PrivateGit, nested: readonly Buffer[]): Promise<Buffer[]> {
  if (nested.length === 0) return [];
  const submodules = new Set(
    entriesOf(await git.ask(['ls-files', '--stage', '-z']))
      .filter(({ mode }) => mode === '160000')
      .map(({ path }) => path.toString('latin1')),
  );
  // It refuses paths beyond a submodule, so what is in one goes first.
  const asked = nested.filter((path) => !withAncestors(path).some((folder) => submodules.has(folder)));
  const input = Buffer.concat(asked.flatMap((path) => [path, NUL]));
  const ignored = split(await git.ask(['check-ignore', '-z', '--stdin'], input, [0, 1])).map((path) =>
    path.toString('latin1'),
  );
  return asked.filter((path) => !ignored.includes(path.toString('latin1')));
}

function withAncestors(path: Buffer): string[] {
  const names = path.toString('latin1').split('/');
  return names.map((_, at) => names.slice(0, at + 1).join('/'));
}

interface Around {
  readonly inner: readonly Buffer[];
  readonly large: readonly Buffer[];
  readonly tell: Tell;
}

/** Adds the files of a repository within the workspace as if it were none. */
async function addNested(job: PatchJob, git: PrivateGit, folder: Buffer, index: string, around: Around): Promise<void> {
  const prefix = Buffer.concat([folder, SLASH]);
  const within = (paths: readonly Buffer[]) =>
    paths.filter((path) => path.subarray(0, prefix.length).equals(prefix)).map((path) => path.subarray(prefix.length));
  const workTree = `${job.workspace}/${folder.toString('utf8')}`;
  if (
    !Buffer.from(workTree)
      .subarray(job.workspace.length + 1)
      .equals(folder)
  ) {
    around.tell({ skipped: { ...namedPath(folder), reason: 'is not in changes.patch: its name is no UTF-8' } });
    return;
  }
  const own = new PrivateGit(job, index, workTree);
  tellWords(await own.addAll([...within(around.inner), ...within(around.large)]), around.tell);
  const before = entriesOf(
    await git.ask(['ls-files', '--stage', '-z', '--', `:(top,literal)${folder.toString('utf8')}`]),
  );
  const gone = before.map(({ hash, path }) => ({ mode: '0', hash: hash.replace(/./g, '0'), path }));
  const staged = entriesOf(await own.ask(['ls-files', '--stage', '-z']));
  const added = staged.map((entry) => ({ ...entry, path: Buffer.concat([prefix, entry.path]) }));
  await git.ask(['update-index', '-z', '--index-info'], indexInfo([...gone, ...added]));
}

/** Gives back to what `.outpostignore` names the state that it had in the clone. */
async function takeBack(job: PatchJob, git: PrivateGit, rules: IgnoreRules): Promise<void> {
  const changed = changesOf(
    await git.ask(['diff-index', '--cached', '--raw', '-z', '--no-abbrev', '--no-renames', job.tree]),
  );
  const named = changed.filter(({ path }) => rules.leavesOut(path));
  if (named.length > 0) await git.ask(['update-index', '-z', '--index-info'], indexInfo(named));
}

interface IndexEntry {
  readonly mode: string;
  readonly hash: string;
  readonly path: Buffer;
}

/** `<mode> <hash> <stage>\t<path>`, each with a NUL. */
function entriesOf(output: Buffer): IndexEntry[] {
  return split(output).map((line) => {
    const tab = line.indexOf('\t');
    const [mode = '', hash = ''] = line.toString('latin1', 0, tab).split(' ');
    return { mode, hash, path: line.subarray(tab + 1) };
  });
}

/** `:<mode before> <mode> <hash before> <hash> <letter>`, NUL, the path, NUL: each entry as it was before. */
function changesOf(output: Buffer): IndexEntry[] {
  const fields = split(output);
  return Array.from({ length: Math.floor(fields.length / 2) }, (_, at) => {
    const [mode = '', , hash = ''] = (fields[at * 2]?.toString('latin1') ?? '').slice(1).split(' ');
    return { mode, hash, path: fields[at * 2 + 1] ?? Buffer.alloc(0) };
  });
}

/** A mode of zeros removes an entry. */
function indexInfo(entries: readonly IndexEntry[]): Buffer {
  return Buffer.concat(entries.flatMap(({ mode, hash, path }) => [Buffer.from(`${mode} ${hash}\t`), path, NUL]));
}

function split(output: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(0, at);
    parts.push(output.subarray(at, end));
    at = end + 1;
  }
  return parts;
}

function tellWords(words: string, tell: Tell): void {
  if (words !== '') tell({ skipped: { path: '.', reason: `is not whole in changes.patch: ${words}` } });
}
