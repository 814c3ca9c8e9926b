/**
 * Variables that whoever sets them decides with, which programs run and what they load. A secret is content, never one of
 * these: the linker's, the shells', the language runtimes', git's, AWS's, the network's, and the worker's own.
 */
const DECIDING_NAMES: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'PWD', 'OLDPWD', 'TMPDIR', 'TMP', 'TEMP', 'LANG', 'LANGUAGE', 'TERM'],
  ...['ENV', 'IFS', 'CDPATH', 'SHELLOPTS', 'BASHOPTS', 'GLOBIGNORE', 'FPATH', 'ZDOTDIR', 'PROMPT_COMMAND'],
  ...['EDITOR', 'VISUAL', 'PAGER', 'BROWSER', 'MAKEFLAGS', 'CLASSPATH', 'JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS'],
  ...['GCONV_PATH', 'GETCONF_DIR', 'GLIBC_TUNABLES', 'LOCPATH', 'NLSPATH', 'HOSTALIASES', 'LOCALDOMAIN', 'RES_OPTIONS'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'CURL_HOME', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE'],
  ...['SSLKEYLOGFILE', 'IS_SANDBOX'],
]);

const DECIDING_PREFIXES = [
  ...['LD_', 'DYLD_', 'MALLOC_', 'LC_', 'BASH_', 'XDG_', 'SSH_', 'SSL_CERT_', 'OPENSSL_'],
  ...[
    'NODE_',
    'NPM_CONFIG_',
    'PYTHON',
    'PIP_',
    'PERL',
    'RUBY',
    'BUNDLE_',
    'GEM_',
    'DOTNET_',
    'CLAUDE_CODE_',
    'LITELLM_',
  ],
  ...['GIT_', 'AWS_', 'ECS_', 'OUTPOST_'],
];

/** Where a key is sent decides who gets it: addresses are the deployment's to set. */
const ADDRESSES = /_(BASE_URL|API_BASE|ENDPOINT|PROXY)$/;

/** Under a reserved prefix, and yet keys and nothing else. */
const KEYS: ReadonlySet<string> = new Set(['AWS_BEARER_TOKEN_BEDROCK', 'CLAUDE_CODE_OAUTH_TOKEN', 'NODE_AUTH_TOKEN']);

/** Whether a secret cannot be called so, in capitals. */
export function isReservedForSecrets(name: string): boolean {
  if (KEYS.has(name)) return false;
  return (
    DECIDING_NAMES.has(name) || DECIDING_PREFIXES.some((prefix) => name.startsWith(prefix)) || ADDRESSES.test(name)
  );
}

/** What the worker sets itself, or keeps from the agent. */
const WORKERS_OWN: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'NODE_COMPILE_CACHE'],
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN'],
]);
const WORKERS_PREFIXES = ['LD_', 'OUTPOST_', 'ECS_', 'AWS_CONTAINER_'];

/** Whether a deployment cannot set this variable for an agent, in whatever case. */
export function isReservedForSettings(name: string): boolean {
  const upper = name.toUpperCase();
  return WORKERS_OWN.has(upper) || WORKERS_PREFIXES.some((prefix) => upper.startsWith(prefix));
}
