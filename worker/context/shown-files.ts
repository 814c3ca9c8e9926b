import { isSecretPath, withoutSecrets } from '../secrets/secret-rules.ts';
import { shownContent, shownPath } from './shown-text.ts';
import { readBeginning, type WorkspaceEntry, type WorkspaceListing } from './workspace-files.ts';

/** The files of the workspace's own folder that say what it is, in the order in which they are shown. */
const KEY_FILES: readonly RegExp[] = [
  /^agents\.md$/,
  /^claude\.md$/,
  /^gemini\.md$/,
  /^readme(\.(md|markdown|rst|adoc|txt))?$/,
  /^package\.json$/,
  /^(pyproject\.toml|setup\.cfg|setup\.py|requirements\.txt|pipfile)$/,
  /^(go\.mod|cargo\.toml|gemfile|composer\.json|mix\.exs|deno\.jsonc?|pubspec\.yaml|package\.swift)$/,
  /^(pom\.xml|build\.gradle(\.kts)?|build\.sbt|.*\.csproj|.*\.sln)$/,
  /^(makefile|justfile|cmakelists\.txt|dockerfile|docker-compose\.ya?ml|compose\.ya?ml|tsconfig\.json)$/,
];

/** What programs write for programs. */
const GENERATED =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|go\.sum|[^/]*[-.]lock(\.[^/]*)?|[^/]*\.(min\.(js|css)|map|snap|svg|csv|tsv|log))$/i;

const MAX_READ = 64 * 1024;

/** A file that may be shown. */
export interface ShownFile {
  readonly path: string;
  readonly text: string;
  /** Whether the text is all of it. */
  readonly isWhole: boolean;
  /** The rules for secrets that took lines out of it. */
  readonly secrets: readonly string[];
}

/** The key files, in the order in which they matter. */
export function keyFiles({ entries }: WorkspaceListing): WorkspaceEntry[] {
  const top = entries.filter(({ depth, kind }) => depth === 1 && kind === 'file');
  const ranked = top.map((entry) => ({ entry, rank: rankOf(entry) })).filter(({ rank }) => rank >= 0);
  return ranked.sort((a, b) => a.rank - b.rank).map(({ entry }) => entry);
}

/** The other files that are worth a look: the upper ones first. */
export function otherFiles({ entries }: WorkspaceListing): WorkspaceEntry[] {
  return entries.filter((entry) => {
    const { kind, size, path, depth } = entry;
    const isKey = depth === 1 && rankOf(entry) >= 0;
    return kind === 'file' && !isKey && size > 0 && size <= MAX_READ && !GENERATED.test(path.toString('latin1'));
  });
}

function rankOf({ path }: WorkspaceEntry): number {
  const name = path.toString('latin1').toLowerCase();
  return KEY_FILES.findIndex((pattern) => pattern.test(name));
}

/** Why a file is not shown at all. */
export type NotShown = 'secret' | 'binary' | 'empty' | 'unreadable';

/** A file as it may be shown, or why it may not. */
export function readShown(workspace: string, { path, size }: WorkspaceEntry): ShownFile | NotShown {
  if (isSecretPath(path.toString('latin1'))) return 'secret';
  const bytes = readBeginning(workspace, path, MAX_READ);
  if (bytes === undefined) return 'unreadable';
  const isWhole = size <= MAX_READ;
  const content = shownContent(isWhole ? bytes : wholeLines(bytes));
  if (content === undefined) return 'binary';
  if (content.trim() === '') return 'empty';
  const { text, found } = withoutSecrets(content);
  return { path: shownPath(path), text, isWhole, secrets: found };
}

/** What is read of a long file may end within a character, or within a secret that no rule knows then. */
function wholeLines(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
}
