import { describe, expect, it } from 'vitest';
import { AgentVariablesText } from '../../core/agent-variables.ts';
import { AdditionalSecrets, keysOf, SecretName, systemSecretId, tenantSecretId } from '../../core/secrets.ts';

describe('the name of a secret', () => {
  it.each(['STRIPE_KEY', 'A', 'DATABASE_URL', 'GITHUB_PAT', 'NODE_AUTH_TOKEN', 'AWS_BEARER_TOKEN_BEDROCK', 'X1_'])(
    'may be %s',
    (name) => {
      expect(SecretName.safeParse(name).success).toBe(true);
    },
  );

  it.each(['', 'lower', '1A', '_A', 'A-B', 'A/B', '../A', 'A B', 'A=B', 'A\n', 'Ä', 'A'.repeat(129)])(
    'is no other than a variable in capitals: %j',
    (name) => {
      expect(SecretName.safeParse(name).success).toBe(false);
    },
  );

  it.each([
    ...['PATH', 'HOME', 'SHELL', 'TMPDIR', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'BASH_ENV', 'ENV', 'IFS'],
    ...[
      'NODE_OPTIONS',
      'NODE_EXTRA_CA_CERTS',
      'PYTHONPATH',
      'PYTHONSTARTUP',
      'PERL5OPT',
      'RUBYOPT',
      'NPM_CONFIG_PREFIX',
    ],
    ...['GIT_SSH_COMMAND', 'GIT_CONFIG_COUNT', 'SSH_AUTH_SOCK', 'JAVA_TOOL_OPTIONS', 'GLIBC_TUNABLES'],
    ...['AWS_ACCESS_KEY_ID', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'ECS_CONTAINER_METADATA_URI_V4', 'OUTPOST_ATTEMPT'],
    ...['HTTPS_PROXY', 'ANTHROPIC_BASE_URL', 'OPENAI_API_BASE', 'SSL_CERT_FILE', 'CLAUDE_CODE_USE_BEDROCK'],
  ])('is refused where it decides how programs run, or where keys are sent: %s', (name) => {
    const { error } = SecretName.safeParse(name);

    expect(error?.issues[0]?.message).toMatch(new RegExp(`^must not be ${name}: that variable decides`));
  });

  it('stands once in a request, and at most twenty stand there', () => {
    const many = Array.from({ length: 21 }, (_, index) => `S${index}`);

    const accepted = [[], ['A'], many.slice(1), ['A', 'A'], many].map(
      (names) => AdditionalSecrets.safeParse(names).success,
    );

    expect(accepted).toEqual([true, true, true, false, false]);
  });
});

describe('the place of a secret', () => {
  it('is the platform’s or one tenant’s', () => {
    const places = [systemSecretId('/outpost', 'XAI_API_KEY'), tenantSecretId('/outpost', 'acme', 'STRIPE_KEY')];

    expect(places).toEqual(['/outpost/system/XAI_API_KEY', '/outpost/users/acme/STRIPE_KEY']);
  });
});

describe('the keys of an agent', () => {
  it.each([
    ['claude', ['ANTHROPIC_API_KEY']],
    ['codex', ['OPENAI_API_KEY']],
    ['gemini', ['GEMINI_API_KEY']],
    ['grok', ['XAI_API_KEY']],
    ['aider', ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'DEEPSEEK_API_KEY', 'XAI_API_KEY']],
    ['shell', []],
  ] as const)('are those of the models that it calls: %s', (agent, keys) => {
    expect(keysOf(agent, {})).toEqual(keys);
  });

  it('are Bedrock’s alone for Claude Code on Bedrock', () => {
    const settings = { CLAUDE_CODE_USE_BEDROCK: '1' };

    const keys = [
      keysOf('claude', settings),
      keysOf('codex', settings),
      keysOf('claude', { CLAUDE_CODE_USE_BEDROCK: '0' }),
    ];

    expect(keys).toEqual([['AWS_BEARER_TOKEN_BEDROCK'], ['OPENAI_API_KEY'], ['ANTHROPIC_API_KEY']]);
  });
});

describe('the variables of agents', () => {
  it('are read line by line, and the later of two holds', () => {
    const text = 'claude.A=1\n\ncodex.https_proxy=http://p:1/?a=b\nclaude.A=2\nclaude.B=';

    const variables = AgentVariablesText.parse(text);

    expect(variables).toEqual({ claude: { A: '2', B: '' }, codex: { https_proxy: 'http://p:1/?a=b' } });
  });

  it.each([
    ['A=1', 'must be like claude.NAME=value'],
    ['claude.A', 'must be like claude.NAME=value'],
    ['claude.1=2', 'must be like claude.NAME=value'],
    ['nobody.A=1', "must name an available agent (claude, codex, gemini, aider, shell); 'nobody' is not"],
    ['constructor.A=1', "must name an available agent (claude, codex, gemini, aider, shell); 'constructor' is not"],
    ['grok.A=1', "must name an available agent (claude, codex, gemini, aider, shell); 'grok' is not"],
    ['claude.PATH=/x', 'must not set PATH'],
    ['claude.ld_preload=/x', 'must not set ld_preload'],
    ['claude.AWS_SECRET_ACCESS_KEY=x', 'must not set AWS_SECRET_ACCESS_KEY'],
    ['claude.OUTPOST_ATTEMPT=x', 'must not set OUTPOST_ATTEMPT'],
    ['claude.ANTHROPIC_API_KEY=hush', 'must not hold ANTHROPIC_API_KEY'],
    ['claude.A=\0', 'must not hold a NUL character'],
  ])('are refused in words that quote no value: %j', (text, says) => {
    const { error } = AgentVariablesText.safeParse(text);

    expect(error?.issues[0]?.message).toContain(says);
    expect(error?.issues[0]?.message).not.toContain('hush');
  });
});
