interface LineRule {
  readonly name: string;
  readonly pattern: RegExp;
}

/** What secrets are called. */
const CALLED =
  '(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|auth|(?:api|access|private|secret|encryption|signing|account|storage|master|license)[-_ ]?key|key[-_]?(?:id|secret)|connection[-_]?string|dsn)s?';
/** `_BASE`, `_2`, `.prod`: a name goes on after a sign or digit, so that a tokenizer is no token. */
const TAIL = '(?:[-_.\\d][\\w.-]{0,40})?';
const IS = `["'\`\\]]*\\s*(?::=|=>|[:=])\\s*`;
/** References to a variable, calls, blanks to fill in and types are no values. */
const NO_VALUE =
  '(?![\\s<{(]|\\$[{(]|\\$[a-z_]+(?!\\w)|process\\.|os\\.|env\\.|import\\.|(?:null|none|true|false|undefined|string|number|boolean)\\b)';
/** Six characters or more, with any but its own quote where it is quoted. */
const VALUE = `(?:"{1,3}${NO_VALUE}[^"]{6,}|'{1,3}${NO_VALUE}[^']{6,}|\`${NO_VALUE}[^\`]{6,}|(?!["'\`])${NO_VALUE}[^\\s"'\`,;<>()]{6,})`;
const WORD = `["']?${NO_VALUE}[^\\s"']`;

const loosely = (...parts: string[]) => new RegExp(parts.join(''), 'i');

/** What commands are given on their lines. */
const COMMAND_LINE = [
  // `--db-password x`, `--token=x`, `-Password x`.
  `(?:^|\\s)--?(?:[\\w-]{0,40}-)?${CALLED}(?:\\s+|=)(?!["']?-)${WORD}{6,}`,
  `\\s(?:-u|--user)(?:\\s+|=)["']?[^\\s:"']{1,80}:${WORD}{4,}`,
  `\\bsshpass\\s+-p\\s*${WORD}{4,}`,
  `\\b(?:mysql|mysqldump|mysqladmin|mariadb|redis-cli|mongosh?)\\s[^|;&]{0,200}-[pa]\\s?${WORD}{6,}`,
];

const SCHEMES = '(?:bearer|basic|token|digest|negotiate)';

const HEADERS = [
  '\\b(?:bearer|basic|token)\\s+(?=[\\w.~+/=-]*\\d)[\\w.~+/=-]{12,}',
  `\\bauthorization["']?\\s*[:=]\\s*["']?(?:${SCHEMES}\\s+|(?!${SCHEMES}\\b))${NO_VALUE}[^\\s"'\`]{6,}`,
  `\\bcookie["']?\\s*:\\s.{0,400}?=[^\\s;]{8,}`,
];

const URLS = [
  '\\b[a-z][a-z\\d+.-]*:\\/\\/[^\\s/:@"\'<]*:[^\\s/@"\'<]+@',
  '\\b[a-z][a-z\\d+.-]*:\\/\\/[\\w-]{20,200}@',
  '[?&](?:sig|signature|x-amz-signature|x-amz-security-token|x-goog-signature|code|key)=[^\\s&"\']{16,}',
];

/** In the order in which they are tried on a line. */
const LINE_RULES: readonly LineRule[] = [
  { name: 'aws access key', pattern: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/ },
  { name: 'github token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})/ },
  { name: 'gitlab token', pattern: /\bgl(?:pat|ptt|dt|rt|cbt|soat)-[\w-]{16,}/ },
  { name: 'model key', pattern: /\b(?:sk|xai|gsk|pplx|r8|hf)[-_][A-Za-z0-9_-]{16,}/ },
  { name: 'google key', pattern: /\b(?:AIza[\w-]{30,}|GOCSPX-[\w-]{16,}|ya29\.[\w-]{16,})/ },
  { name: 'slack token', pattern: /\bxox[a-z]-[\w-]{10,}|\bxapp-[\w-]{10,}|hooks\.slack\.com\/services\/\w+/ },
  { name: 'payment key', pattern: /\b(?:sk|rk|pk|whsec)_(?:live|test)?_?[A-Za-z0-9]{16,}/ },
  {
    name: 'package registry token',
    pattern: /\b(?:npm_[A-Za-z0-9]{20,}|pypi-[\w-]{16,}|dckr_pat_[\w-]{16,}|rubygems_\w{16,})/,
  },
  {
    name: 'service token',
    pattern: /\b(?:SG\.[\w-]{10,}|key-[0-9a-f]{20,}|dop_v1_\w{16,}|hvs\.[\w-]{16,}|op_(?:live|test)_\w{8,})/,
  },
  { name: 'json web token', pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}/ },
  { name: 'url with a password', pattern: loosely(URLS.join('|')) },
  { name: 'authorization header', pattern: loosely(HEADERS.join('|')) },
  {
    name: 'netrc entry',
    pattern: /\b(?:login|machine)\s+\S+\s+(?:login\s+\S+\s+)?password\s+\S+|^\s*password\s+\S{6,}\s*$/i,
  },
  { name: 'named secret', pattern: loosely(CALLED, TAIL, IS, VALUE) },
  {
    name: 'named secret',
    pattern:
      /(?:[pP]assword|[sS]ecret|[tT]oken|[aA]pi[kK]ey)[A-Z]\w{0,40}["']?\s*[:=]\s*["'`](?=[^"'`]{0,200}\d)[^"'`\s$<{]{8,}/,
  },
  { name: 'named secret', pattern: loosely(`(?:mnemonic|seed[-_ ]?phrase|passphrase)`, IS, WORD, '.{11,}') },
  // `{ "name": "DB_PASSWORD", "value": "…" }` and `<add key="Password" value="…">`.
  {
    name: 'named secret',
    pattern: loosely(
      `\\b(?:name|key)`,
      IS,
      `["']?[\\w.:-]{0,60}`,
      CALLED,
      `[\\w.:-]{0,60}["']?[\\s,;]*["']?value`,
      IS,
      VALUE,
    ),
  },
  { name: 'named secret', pattern: loosely(`^\\s*ENV\\s+[\\w.-]{0,60}`, CALLED, `[\\w.-]{0,60}\\s+`, WORD, '{6,}') },
  { name: 'command line', pattern: loosely(COMMAND_LINE.join('|')) },
  { name: 'xml secret', pattern: /<(?:[\w.:-]*(?:password|secret|token|api-?key)[\w.:-]*)>[^<]{4,}</i },
  { name: 'password hash', pattern: /\$(?:2[aby]|5|6|argon2id?)\$\S{20,}/ },
  { name: 'ssh key', pattern: /\bb3BlbnNzaC1rZXk\w*|\bAGE-SECRET-KEY-1\w+/ },
];

/** Longer lines are no prose and no settings; what a rule would take for each of them adds up. */
const MAX_LINE = 4_000;

/** The name of the rule that takes something on this line for a secret. */
export function ruleForLine(line: string): string | undefined {
  if (line.length > MAX_LINE) return 'line that is too long';
  return (
    LINE_RULES.find(({ pattern }) => pattern.test(line))?.name ?? (hasRandomWord(line) ? 'random text' : undefined)
  );
}

/** Letters, digits and the signs of base 64, as long as keys are. */
const LONG_WORD = /[A-Za-z0-9+/_=-]{32,}/g;

/** Bits a character above which a word is taken for a key: words and paths have less, hashes of hex digits have 4. */
const KEY_ENTROPY = 4.3;

function hasRandomWord(line: string): boolean {
  return (line.match(LONG_WORD) ?? []).some(
    (word) => /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word) && entropyOf(word) > KEY_ENTROPY,
  );
}

function entropyOf(word: string): number {
  const counts = new Map<string, number>();
  for (const character of word) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / word.length) * Math.log2(count / word.length), 0);
}

/** A name whose value is on the lines below: a block of YAML, a long string of TOML, or nothing yet. */
const NAME_ALONE = loosely(CALLED, TAIL, IS, `([|>][-+\\d]{0,2}|"""|'''|)\\s*$`);
/** One of a pair, whose `value` comes on a line of its own. */
const PAIR_BEGINS = loosely(`\\b(?:name|key)`, IS, `["']?[\\w.:-]{0,60}`, CALLED, `[\\w.:-]{0,60}["']?[\\s,;>]*$`);

/** Whether a line that follows a name holds its value; `undefined` says that nothing more of it follows. */
export type Follows = (line: string) => 'value' | 'nothing' | undefined;

/** What is to be left out below this line, where it holds a secret's name without its value. */
export function whatFollows(line: string): Follows | undefined {
  if (line.length > MAX_LINE) return undefined;
  const [, sign] = NAME_ALONE.exec(line) ?? [];
  if (sign !== undefined) return valueBelow(sign, indentOf(line));
  return PAIR_BEGINS.test(line) ? pairedValue() : undefined;
}

function valueBelow(sign: string, indent: number): Follows {
  if (sign.startsWith('"') || sign.startsWith("'")) return longString(sign);
  const isBlock = sign !== '';
  let seen = false;
  return (line) => {
    if (line.trim() === '') return 'nothing';
    if (indentOf(line) <= indent || (seen && !isBlock)) return undefined;
    seen = true;
    return 'value';
  };
}

function longString(quotes: string): Follows {
  let closed = false;
  return (line) => {
    if (closed) return undefined;
    closed = line.includes(quotes);
    return 'value';
  };
}

function pairedValue(): Follows {
  let seen = false;
  return (line) => {
    if (seen) return undefined;
    if (line.trim() === '') return 'nothing';
    seen = true;
    return /\bvalue\b/i.test(line) ? 'value' : undefined;
  };
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
