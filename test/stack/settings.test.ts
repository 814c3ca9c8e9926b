import { describe, expect, it } from 'vitest';
import { AGENTS, availableAgents } from '../../core/agents.ts';
import { POOL_POLICIES } from '../../core/pool-policy.ts';
import { readSettings } from '../../lib/settings.ts';
import { flat, listOf, resourceNamed, synthesize, type Template } from './synthesize.ts';

const CATALOGUE = Object.fromEntries(availableAgents().map((agent) => [agent, AGENTS[agent].pool]));

describe('the setting `pool`', () => {
  it.each([
    ['shell=0-2', { min: 0, max: 2 }],
    ['shell=3-3', { min: 3, max: 3 }],
    ['shell=0-0', { min: 0, max: 0 }],
    ['shell=9999-9999', { min: 9999, max: 9999 }],
  ])('`%s` bounds the slots of an agent', (pool, bounds) => {
    expect(settings({ pool }).pool).toEqual({ ...CATALOGUE, shell: bounds });
  });

  it.each([{}, { pool: '' }])('left out, gives available agents what the catalogue says: %j', (context) => {
    expect(settings(context).pool).toEqual(CATALOGUE);
  });

  it.each([
    ['shell', "'shell' is not"],
    ['shell=2', "'shell=2' is not"],
    ['shell=2-1', "'shell=2-1' has more at least than at most"],
    ['shell=-1-2', "'shell=-1-2' is not"],
    ['shell=0.5-1', "'shell=0.5-1' is not"],
    ['shell=0-10000', "from 0 to 9999; 'shell=0-10000' is not"],
    ['shell=0-2 ', "'shell=0-2 ' is not"],
    ['nobody=0-1', "'nobody' is none of claude, codex, gemini, aider, shell"],
    ['constructor=0-1', "'constructor' is none of claude, codex, gemini, aider, shell"],
    ['shell=0-2,grok=1-3', "'grok' is none of claude, codex, gemini, aider, shell"],
  ])('`%s` is refused: %s', (pool, fault) => {
    expect(() => settings({ pool })).toThrow(fault);
    expect(() => settings({ pool })).toThrow(/^-c pool: must be like shell=0-2/);
  });
});

describe.each([
  { setting: 'maxOutputGiB', variable: 'MAX_OUTPUT_GIB', byDefault: 5, most: 30 },
  { setting: 'checkpointSeconds', variable: 'CHECKPOINT_SECONDS', byDefault: 60, most: 3_600 },
])('the setting `$setting`', ({ setting, variable, byDefault, most }) => {
  it('is told to the worker of every agent', () => {
    const template = synthesize({ [setting]: '2' });

    const told = availableAgents().map((agent) => workerVariable(template, agent, variable));

    expect(told).toEqual(availableAgents().map(() => '2'));
    expect(settings({})).toMatchObject({ [setting]: byDefault });
  });

  it.each(['', '0', '-1', '1.5', 'many', String(most + 1)])('is refused where it is `%s`', (value) => {
    expect(() => settings({ [setting]: value })).toThrow(`-c ${setting}: must be a whole number from 1 to ${most}`);
  });
});

describe('the setting `poolPolicy`', () => {
  it('is `fixed` unless another is asked for', () => {
    expect(settings({}).poolPolicy).toBe('fixed');
  });

  it.each(Object.keys(POOL_POLICIES))('may be `%s`, which the manager is told', (poolPolicy) => {
    const template = synthesize({ poolPolicy });

    const manager = resourceNamed(template, 'AWS::Lambda::Function', 'FunctionName', 'outpost-manage-pool');

    expect(manager.Properties.Environment?.Variables?.POOL_POLICY).toBe(poolPolicy);
  });

  it.each(['', 'Fixed', 'toString', 'greedy'])('`%s` is refused, and what is there is named', (poolPolicy) => {
    const names = Object.keys(POOL_POLICIES).join(', ');

    expect(() => settings({ poolPolicy })).toThrow(`-c poolPolicy: must be one of ${names}`);
  });

  it('is refused together with everything else that is not allowed', () => {
    const careless = { pool: 'shell', poolPolicy: 'greedy', prefix: '-' };

    expect(() => settings(careless)).toThrow(/-c prefix: .*\n-c pool: .*\n-c poolPolicy: /);
  });
});

describe('the setting `agentEnv`', () => {
  it('gives variables to the agent that it names, and to no other', () => {
    const template = synthesize({ agentEnv: 'codex.OPENAI_BASE_URL=http://gateway/v1\ncodex.A="b"' });

    const given = [variablesOf(template, 'codex'), variablesOf(template, 'claude')];

    expect(given).toEqual([{ OPENAI_BASE_URL: 'http://gateway/v1', A: '"b"' }, {}]);
  });

  it('is refused where the template would show a secret, with every other fault', () => {
    const careless = { agentEnv: 'claude.ANTHROPIC_API_KEY=hush\nclaude.HOME=/', claudeProvider: 'mine' };

    expect(() => settings(careless)).toThrow(
      /^-c agentEnv: must not hold ANTHROPIC_API_KEY.*\n-c agentEnv: must not set HOME.*\n-c claudeProvider: must be/,
    );
    expect(() => settings(careless)).not.toThrow('hush');
  });
});

describe('the setting `claudeProvider`', () => {
  it('is Anthropic unless Bedrock is asked for', () => {
    expect(settings({}).claudeProvider).toBe('anthropic');
  });

  it('may be `bedrock`, in the region of the deployment and for Claude Code alone', () => {
    const template = synthesize({ claudeProvider: 'bedrock' });

    const given = [variablesOf(template, 'claude'), variablesOf(template, 'codex')];

    expect(given).toEqual([{ CLAUDE_CODE_USE_BEDROCK: '1', AWS_REGION: '<AWS::Region>' }, {}]);
  });

  it('leaves the last word to `agentEnv`', () => {
    const template = synthesize({ claudeProvider: 'bedrock', agentEnv: 'claude.AWS_REGION=eu-west-1' });

    expect(variablesOf(template, 'claude')).toEqual({ CLAUDE_CODE_USE_BEDROCK: '1', AWS_REGION: 'eu-west-1' });
  });
});

describe('the setting `githubUrl`', () => {
  it.each([
    { case: 'left out', context: {}, url: 'https://github.com' },
    { case: 'given', context: { githubUrl: 'https://GHE.example.com/' }, url: 'https://ghe.example.com' },
    { case: 'in a folder of a server', context: { githubUrl: 'https://a.example/git' }, url: 'https://a.example/git' },
  ])('$case, tells every worker where owner/name is', ({ context, url }) => {
    const template = synthesize(context);

    const told = availableAgents().map((agent) => workerVariable(template, agent, 'GITHUB_URL'));

    expect(new Set(told)).toEqual(new Set([url]));
  });

  it.each([
    ['', 'must be an https:// URL'],
    ['ghe.example.com', 'must be an https:// URL'],
    ['https:ghe.example.com', 'must be an https:// URL'],
    ['ssh://git@ghe.example.com', 'must be an https:// URL'],
    ['https://ghe.example.com\n', 'must be an https:// URL'],
    ['https://', 'must be an https:// URL'],
    ['http://ghe.example.com', 'the token for clones is sent there'],
    ['http://127.0.0.1.evil.example', 'the token for clones is sent there'],
    ['https://token@ghe.example.com', 'must not contain a user or password'],
    ['https://github.com@evil.example', 'must not contain a user or password'],
    ['https://-oProxyCommand=x', 'must name a host'],
    ['https://ghe.example.com?x=1', 'must have no query'],
    ['https://ghe.example.com/#x', 'must have no query'],
    ['https://ghe.example.com\\evil', 'must have no query, fragment or backslash'],
    ['https://ghe.example.com/../x', 'without empty, "." or ".."'],
    ['https://ghe.example.com//', 'without empty, "." or ".."'],
  ])('%j is refused: %s', (githubUrl, why) => {
    expect(() => settings({ githubUrl })).toThrow(/^-c githubUrl: /);
    expect(() => settings({ githubUrl })).toThrow(why);
  });

  it.each(['http://127.0.0.1:3000', 'http://localhost:3000'])('may be %s on this machine', (githubUrl) => {
    expect(settings({ githubUrl }).githubUrl).toBe(githubUrl);
  });
});

/** What the deployment puts into an agent's environment. */
function variablesOf(template: Template, agent: string): unknown {
  return JSON.parse(workerVariable(template, agent, 'AGENT_ENV'));
}

function workerVariable(template: Template, agent: string, name: string): string {
  const { Properties } = resourceNamed(template, 'AWS::ECS::TaskDefinition', 'Family', `outpost-${agent}`);
  const [worker] = listOf(Properties.ContainerDefinitions);
  const [variable] = listOf(worker?.Environment).filter(({ Name }) => flat(Name) === name);
  return flat(variable?.Value);
}

function settings(context: Readonly<Record<string, string>>) {
  return readSettings((key) => context[key]);
}
