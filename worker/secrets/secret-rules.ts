/**
 * What Outpost takes for a secret in a repository, so that it does not show it to a model by itself: files by their
 * names, texts by their looks. docs/SECURITY.md tells people the same. A rule that finds too much costs a line of
 * context; one that finds too little costs a secret.
 */

/** Whole names of files, in small letters. */
const SECRET_NAMES = new Set([
  ...['.env', '.envrc', '.netrc', '_netrc', '.npmrc', '.yarnrc', '.pypirc', '.pgpass', '.my.cnf', '.htpasswd'],
  ...[
    '.git-credentials',
    '.dockercfg',
    '.dockerconfigjson',
    '.vault-token',
    '.terraformrc',
    '.s3cfg',
    '.boto',
    '.esmtprc',
  ],
  ...['credentials', 'kubeconfig', 'master.key', 'token', 'passwd', 'shadow', 'wp-config.php', 'secrets', 'secret'],
  ...['application_default_credentials.json', 'id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519', 'token.json'],
]);

/** Paths and parts of names, in small letters. */
const SECRET_PATHS = [
  /(^|\/)\.env\.(?!(example|sample|template|dist|defaults)$)[^/]*$/,
  /(^|\/)[^/]+\.env$/,
  /\.(pem|key|p8|p12|pfx|jks|keystore|kdbx|ppk|gpg|pgp|asc|ovpn|tfstate|tfstate\.backup|tfvars|tfvars\.json)$/,
  /(^|\/)[^/]*(secret|credential)s?([-_.][^/]*)?\.(json|ya?ml|toml|ini|properties|conf|cfg|txt|xml|csv|env)$/,
  /(^|\/)(service[-_]?account|gha-creds)[^/]*\.json$/,
  /(^|\/)\.(aws|ssh|gnupg|kube|azure|gcloud|docker|config\/gcloud)\//,
];

/** Whether the content of a file is never shown, whatever it is: by its path, with `/`. */
export function isSecretPath(path: string): boolean {
  const lower = path.toLowerCase();
  const name = lower.slice(lower.lastIndexOf('/') + 1);
  return SECRET_NAMES.has(name) || SECRET_PATHS.some((pattern) => pattern.test(lower));
}

interface TextRule {
  readonly name: string;
  readonly pattern: RegExp;
}

/** Whatever is called so and has a value; references to a variable, calls and blanks to fill in are no values. */
const NAMED =
  /(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|auth|(?:api|access|private|secret|encryption|signing|account|storage|master|license)[-_ ]?key|key[-_]?(?:id|secret)|connection[-_]?string|dsn)s?["'`\]]*\s*(?::=|=>|[:=])\s*["'`]?(?!["'`\s$<{(]|process\.|os\.|env\.|import\.|null\b|none\b|true\b|false\b|undefined\b|string\b|number\b|boolean\b)[^\s"'`,;<>()]{6,}/i;

/** In the order in which they are tried on a line. */
const TEXT_RULES: readonly TextRule[] = [
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
  { name: 'url with a password', pattern: /\b[a-z][a-z\d+.-]*:\/\/[^\s/:@"'<]*:[^\s/@"'<]+@/i },
  { name: 'authorization header', pattern: /\b(?:bearer|basic|token)\s+(?=[\w.~+/=-]*\d)[\w.~+/=-]{12,}/i },
  {
    name: 'netrc entry',
    pattern: /\b(?:login|machine)\s+\S+\s+(?:login\s+\S+\s+)?password\s+\S+|^\s*password\s+\S{6,}\s*$/i,
  },
  { name: 'named secret', pattern: NAMED },
  { name: 'xml secret', pattern: /<(?:[\w.:-]*(?:password|secret|token|api-?key)[\w.:-]*)>[^<]{4,}</i },
  { name: 'password hash', pattern: /\$(?:2[aby]|5|6|argon2id?)\$\S{20,}/ },
  { name: 'ssh key', pattern: /\bb3BlbnNzaC1rZXk\w*|\bAGE-SECRET-KEY-1\w+/ },
];

const PEM_BEGIN = /-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|PGP MESSAGE|SECRET)[A-Z0-9 ]*-----/;
const PEM_END = /-----END [A-Z0-9 ]*-----/;

/** Letters, digits and the signs of base 64, as long as keys are. */
const LONG_WORD = /[A-Za-z0-9+/_=-]{32,}/g;

/** A text without what looks like a secret, and what that was. */
export interface Shown {
  readonly text: string;
  /** Names of the rules that found something, one for each place. */
  readonly found: readonly string[];
}

/** Puts a note in place of each line that looks like it holds a secret, and of a private key from its begin to its end. */
export function withoutSecrets(text: string): Shown {
  const found: string[] = [];
  const lines: string[] = [];
  let inKey = false;
  for (const line of text.split('\n')) {
    const begins = PEM_BEGIN.test(line);
    const rule = inKey || begins ? 'private key' : ruleFor(line);
    if (rule === undefined) lines.push(line);
    else if (!inKey) lines.push(`[left out: ${rule}]`);
    if (rule !== undefined && !inKey) found.push(rule);
    // A key on one line, as JSON holds it, ends there.
    inKey = (inKey || begins) && !PEM_END.test(line);
  }
  return { text: lines.join('\n'), found };
}

/** Longer lines are no prose and no settings; what a rule would take for each of them adds up. */
const MAX_LINE = 4_000;

function ruleFor(line: string): string | undefined {
  if (line.length > MAX_LINE) return 'line that is too long';
  return (
    TEXT_RULES.find(({ pattern }) => pattern.test(line))?.name ?? (hasRandomWord(line) ? 'random text' : undefined)
  );
}

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
