import { type Follows, ruleForLine, whatFollows } from './secret-lines.ts';

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
  ...['application_default_credentials.json', 'id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519', 'token.json', 'auth.json'],
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

const PEM_BEGIN = /-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|PGP MESSAGE|SECRET)[A-Z0-9 ]*-----/;
const PEM_END = /-----END [A-Z0-9 ]*-----/;

/** A text without what looks like a secret, and what that was. */
export interface Shown {
  readonly text: string;
  /** Names of the rules that found something, one for each place. */
  readonly found: readonly string[];
}

/**
 * Puts a note in place of each line that looks like it holds a secret, of what follows a secret's name on lines of its
 * own, and of a private key from its begin to its end.
 */
export function withoutSecrets(text: string): Shown {
  const found: string[] = [];
  const lines: string[] = [];
  const reader = new SecretReader();
  for (const line of text.split('\n')) {
    const rule = reader.ruleFor(line);
    if (rule === undefined) lines.push(line);
    else if (rule !== MORE_OF_IT) {
      lines.push(`[left out: ${rule}]`);
      found.push(rule);
    }
  }
  return { text: lines.join('\n'), found };
}

/** A line that belongs to what the lines before it began. */
const MORE_OF_IT = Symbol('more of it');

/** Reads a text line by line. */
class SecretReader {
  private inKey = false;
  private follows: Follows | undefined;

  /** Why this line is left out; nothing where it is not. */
  ruleFor(line: string): string | typeof MORE_OF_IT | undefined {
    const wasInKey = this.inKey;
    // A key on one line, as JSON holds it, ends there.
    this.inKey = (wasInKey || PEM_BEGIN.test(line)) && !PEM_END.test(line);
    if (wasInKey) return MORE_OF_IT;
    if (this.inKey || PEM_BEGIN.test(line)) return 'private key';
    const below = this.follows?.(line);
    if (below === 'value') return 'named secret';
    if (below === undefined) this.follows = whatFollows(line);
    return ruleForLine(line);
  }
}
