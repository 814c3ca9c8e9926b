/** One byte of a name: this one, any, one of a set, or any number of them. */
type Token = { readonly byte: number } | { readonly set: ReadonlySet<number> } | 'one' | 'many';

/** A pattern for one name, or `'folders'`: any number of folders. */
export type GlobPart = readonly Token[] | 'folders';

const SLASH = 0x2f;
const BACKSLASH = 0x5c;

/**
 * A pattern of `gitignore`, cut at its slashes. Names and patterns are text of one character a byte (`latin1`), as git
 * compares bytes. Nothing where it can match nothing.
 */
export function parseGlob(pattern: string): GlobPart[] | undefined {
  const parts: Token[][] = [[]];
  for (let at = 0; at < pattern.length; ) {
    const byte = pattern.charCodeAt(at);
    const next = byte === BACKSLASH ? escaped(pattern, at) : (bracket(pattern, at) ?? plain(byte, at));
    if (next === undefined) return undefined;
    if (next.token === 'slash') parts.push([]);
    else parts.at(-1)?.push(next.token);
    at = next.end;
  }
  return withFolders(parts);
}

interface Parsed {
  readonly token: Token | 'slash';
  readonly end: number;
}

function plain(byte: number, at: number): Parsed | undefined {
  // A bracket that is not closed matches nothing.
  if (byte === 0x5b) return undefined;
  const special = ({ '*': 'many', '?': 'one', '/': 'slash' } as const)[String.fromCharCode(byte)];
  return { token: special ?? { byte }, end: at + 1 };
}

function escaped(pattern: string, at: number): Parsed | undefined {
  if (at + 1 >= pattern.length) return undefined;
  const byte = pattern.charCodeAt(at + 1);
  return { token: byte === SLASH ? 'slash' : { byte }, end: at + 2 };
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[a-z\d]/i,
  alpha: /[a-z]/i,
  blank: /[ \t]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what the class means.
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /\d/,
  graph: /[\x21-\x7e]/,
  lower: /[a-z]/,
  print: /[\x20-\x7e]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[\da-f]/i,
};

/** `[a-z]`, `[!a]`, `[[:digit:]]`; nothing where there is none at this place, or none that ends. */
function bracket(pattern: string, start: number): Parsed | undefined {
  if (pattern[start] !== '[') return undefined;
  const negated = pattern[start + 1] === '!' || pattern[start + 1] === '^';
  const first = start + (negated ? 2 : 1);
  const members = new Set<number>();
  for (let at = first; at < pattern.length; ) {
    if (pattern[at] === ']' && at > first) {
      return { token: { set: negated ? complement(members) : without(members, SLASH) }, end: at + 1 };
    }
    const end = addClass(pattern, at, members) ?? addRange(pattern, at, members);
    if (end === undefined) return undefined;
    at = end;
  }
  return undefined;
}

function addClass(pattern: string, at: number, members: Set<number>): number | undefined {
  const [text, name = ''] = /^\[:([a-z]*):\]/.exec(pattern.slice(at, at + 16)) ?? [];
  const meaning = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (text === undefined || meaning === undefined) return undefined;
  for (let byte = 0; byte < 256; byte++) if (meaning.test(String.fromCharCode(byte))) members.add(byte);
  return at + text.length;
}

function addRange(pattern: string, at: number, members: Set<number>): number | undefined {
  const from = pattern[at] === '\\' ? at + 1 : at;
  const isRange = pattern[from + 1] === '-' && from + 2 < pattern.length && pattern[from + 2] !== ']';
  const to = isRange ? (pattern[from + 2] === '\\' ? from + 3 : from + 2) : from;
  if (to >= pattern.length) return undefined;
  // A range that runs backwards holds its first byte, to git.
  members.add(pattern.charCodeAt(from));
  for (let byte = pattern.charCodeAt(from); byte <= pattern.charCodeAt(to); byte++) members.add(byte);
  return to + 1;
}

function complement(members: ReadonlySet<number>): ReadonlySet<number> {
  const all = Array.from({ length: 256 }, (_, byte) => byte);
  return new Set(all.filter((byte) => !members.has(byte) && byte !== SLASH));
}

function without(members: ReadonlySet<number>, byte: number): ReadonlySet<number> {
  return new Set([...members].filter((member) => member !== byte));
}

/** `**` between slashes stands for folders; at the end for whatever they hold. */
function withFolders(parts: readonly Token[][]): GlobPart[] {
  const isDeep = (part: readonly Token[]) => part.length >= 2 && part.every((token) => token === 'many');
  const marked = parts.map((part): GlobPart => (isDeep(part) ? 'folders' : part));
  return marked.at(-1) === 'folders' ? [...marked, ['many']] : marked;
}

/** Whether the parts match these names, one after the other. */
export function matchesGlob(parts: readonly GlobPart[], names: readonly string[]): boolean {
  return matchesAll(
    parts,
    names.length,
    (part) => part === 'folders',
    (part, at) => part !== 'folders' && matchesName(part, names[at] ?? ''),
  );
}

function matchesName(tokens: readonly Token[], name: string): boolean {
  return matchesAll(
    tokens,
    name.length,
    (token) => token === 'many',
    (token, at) => {
      if (token === 'one' || token === 'many') return token === 'one';
      const byte = name.charCodeAt(at);
      return 'byte' in token ? token.byte === byte : token.set.has(byte);
    },
  );
}

/**
 * Whether the pattern takes all that is there. When it fails, only the last wildcard is widened: one before it that took
 * more would leave less to the rest. So the time is at most the product of both lengths, whatever a pattern holds.
 */
function matchesAll<T>(
  pattern: readonly T[],
  length: number,
  isWild: (part: T) => boolean,
  takes: (part: T, at: number) => boolean,
): boolean {
  let next = 0;
  let wild = -1;
  let widened = 0;
  for (let at = 0; at < length; ) {
    const part = pattern[next];
    if (part !== undefined && isWild(part)) {
      wild = next;
      widened = at;
      next += 1;
    } else if (part !== undefined && takes(part, at)) {
      next += 1;
      at += 1;
    } else if (wild >= 0) {
      widened += 1;
      at = widened;
      next = wild + 1;
    } else {
      return false;
    }
  }
  return pattern.slice(next).every(isWild);
}
