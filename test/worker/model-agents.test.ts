import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DispatchSpec } from '../../core/dispatch-spec.ts';
import { WorkerResult } from '../../core/worker-result.ts';
import type { AgentProgram } from '../../worker/agents/agent-program.ts';
import { aider } from '../../worker/agents/aider.ts';
import { claude } from '../../worker/agents/claude.ts';
import { gemini } from '../../worker/agents/gemini.ts';
import { runCold } from '../../worker/run-cold.ts';
import type { WorkerKit } from '../../worker/worker-kit.ts';
import { type GitServer, makeRepository, serveGit } from './git-in-test.ts';
import { kitIn, SPEC } from './kit-in-test.ts';
import { secretsInTest } from './secrets-in-test.ts';
import { bundleWorker } from './worker-bundle.ts';
import { until } from './worker-in-test.ts';

const KEY = 'sk-ant-api03-keyKeyKeyKeyKeyKeyKeyKey';
const folder = mkdtempSync(join(tmpdir(), 'outpost-model-agents-'));
let programs: WorkerKit['programs'];
let server: GitServer;

beforeAll(async () => {
  const bundle = await bundleWorker(folder);
  const programIn = (mode: string) => ({ file: process.execPath, args: [bundle, mode] });
  programs = {
    pack: programIn('pack'),
    checkpoint: programIn('checkpoint'),
    patch: programIn('patch'),
    context: programIn('context'),
    workspace: programIn('workspace'),
  };
  const remotes = join(folder, 'remotes');
  makeRepository(join(remotes, 'acme', 'rocket.git'), {
    'README.md': '# Rocket\nIt flies.\n',
    [`${KEY}.txt`]: 'x\n',
    'CLAUDE.md': 'Be brief.\n',
  });
  server = await serveGit(remotes);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Trial {
  readonly program: AgentProgram;
  readonly agent: DispatchSpec['agent'];
  /** What stands in for the CLI: a bash script. */
  readonly cli: string;
  readonly spec?: Partial<DispatchSpec>;
  readonly kit?: Partial<WorkerKit>;
}

/** Runs an agent with a stand-in for its CLI, cold. */
async function tryAgent({ program, agent, cli, spec, kit: changes }: Trial) {
  const bin = mkdtempSync(join(folder, 'bin-'));
  writeFileSync(join(bin, agent), `#!/bin/bash\n${cli}\n`, { mode: 0o755 });
  const content = { ...SPEC, agent, task: 'Make it fly.', ...spec };
  const path = `${bin}:${process.env['PATH']}`;
  const onPath: AgentProgram = {
    ...program,
    makeCommand: async (task) => {
      const command = await program.makeCommand(task);
      return { ...command, file: join(bin, command.file), env: { ...command.env, PATH: path } };
    },
  };
  const { kit, uploaded, said } = kitIn(folder, {
    agent,
    program: onPath,
    programs,
    githubUrl: server.url,
    specs: { getSpec: async () => ({ valid: true, content }) },
    ...changes,
  });
  // By its name the processes of an attempt are known, and killed at its end.
  const exitCode = await runCold(kit, { dispatchId: ulid(), attempt: 1 });
  const seen = (name: string) => readFileSync(join(kit.workspace, name), 'utf8');
  const written = uploaded.get('result');
  return { exitCode, written, result: WorkerResult.parse(written), said: said.join(''), seen };
}

/** Aborts when this file is there. */
function stopAt(path: string): AbortSignal {
  const stop = new AbortController();
  void until(() => existsSync(path)).then(() => stop.abort());
  return stop.signal;
}

describe.concurrent('an agent that has a model', () => {
  it('is told about its repository before its task, and the result says what', async () => {
    const { exitCode, result, seen } = await tryAgent({
      agent: 'claude',
      program: claude,
      cli: 'cat > prompt',
      spec: { repo: 'acme/rocket' },
    });

    expect(exitCode).toBe(0);
    const prompt = seen('prompt');
    expect(prompt).toMatch(/^# About the workspace\n\nRepository `http:/);
    expect(prompt).toContain('It flies.');
    expect(prompt.endsWith('\n# Task\n\nMake it fly.')).toBe(true);
    expect(result.context).toMatchObject({ level: 'standard', characters: prompt.indexOf('\n# Task\n\nMake it fly.') });
    expect(result.context?.contents.map(({ path }) => path)).toEqual(['CLAUDE.md', 'README.md']);
  });

  it.each([
    { contextLevel: 'minimal', contents: 0, commits: 0 },
    { contextLevel: 'full', contents: 3, commits: 1 },
  ] as const)('is told what $contextLevel says', async ({ contextLevel, contents, commits }) => {
    const spec = { repo: 'acme/rocket', contextLevel };

    const { result } = await tryAgent({ agent: 'claude', program: claude, cli: 'true', spec });

    const { context } = result;
    expect({ level: context?.level, contents: context?.contents.length, commits: context?.commits }).toEqual({
      level: contextLevel,
      contents,
      commits,
    });
  });

  it('has nothing in its result that no record takes, whatever it makes its CLI say', async () => {
    const { exitCode, written, result } = await tryAgent({
      agent: 'claude',
      program: claude,
      cli: `printf '{"type":"result","num_turns":1,"total_cost_usd":1e300,"modelUsage":{"%0500000d":{"inputTokens":7}}}\\n' 1`,
    });

    expect(exitCode).toBe(0);
    expect(JSON.stringify(written).length).toBeLessThan(1_000);
    expect(result.usage).toEqual({ inputTokens: 7, cachedInputTokens: 0, outputTokens: 0, turns: 1 });
  });

  it('says in its result why its CLI failed, without its key', async () => {
    const failure = JSON.stringify({ type: 'result', is_error: true, result: `No such key: ${KEY}` });

    const { exitCode, result } = await tryAgent({
      agent: 'claude',
      program: claude,
      cli: `printf '%s\\n' '${failure}'; exit 1`,
      kit: { secrets: secretsInTest({ ANTHROPIC_API_KEY: KEY }) },
    });

    expect(exitCode).toBe(1);
    expect(result).toMatchObject({
      endedBy: 'agent',
      exitCode: 1,
      reason: expect.stringMatching(/^No such key: \[redacted:ANTHROPIC_API_KEY\]\.$/),
    });
    expect(result.reason).not.toContain(KEY);
  });

  it('that was given no key says so where it fails', async () => {
    const secrets = { ...secretsInTest(), lackOf: () => 'There is no key.' };

    const [failed, inVain] = await Promise.all([
      tryAgent({ agent: 'claude', program: claude, cli: 'echo Please log in >&2; exit 1', kit: { secrets } }),
      tryAgent({ agent: 'aider', program: aider, cli: 'true', kit: { secrets } }),
    ]);

    expect(failed.result.reason).toBe('Please log in. There is no key.');
    expect(inVain.result.reason).toMatch(/no model has answered it\. There is no key\.$/);
    expect(failed.said).toContain('There is no key.');
  });

  it('is told its task alone where there is no repository', async () => {
    const { result, seen } = await tryAgent({ agent: 'claude', program: claude, cli: 'cat > prompt' });

    expect(seen('prompt')).toBe('Make it fly.');
    expect(result).not.toHaveProperty('context');
  });

  it('runs all the same where its workspace cannot be looked at', async () => {
    const broken = { ...programs, context: { file: 'false', args: [] } };

    const { exitCode, seen, said } = await tryAgent({
      agent: 'claude',
      program: claude,
      cli: 'cat > prompt',
      spec: { repo: 'acme/rocket' },
      kit: { programs: broken },
    });

    expect({ exitCode, prompt: seen('prompt') }).toEqual({ exitCode: 0, prompt: 'Make it fly.' });
    expect(said).toContain('is told nothing about its workspace');
  });

  it('does not run where the worker is stopped while it looks at the workspace', async () => {
    const looking = join(folder, 'looking');
    const slow = { file: 'bash', args: ['-c', `touch '${looking}'; sleep 300`] };

    const { exitCode, result } = await tryAgent({
      agent: 'claude',
      program: claude,
      cli: 'cat > prompt',
      spec: { repo: 'acme/rocket' },
      kit: { programs: { ...programs, context: slow }, stop: stopAt(looking) },
    });

    expect(exitCode).toBe(143);
    expect(result).toMatchObject({ endedBy: 'stop', reason: expect.stringContaining('before the agent began') });
  });

  it("has its keys and the deployment's variables, which come before those of its own", async () => {
    const { seen } = await tryAgent({
      agent: 'claude',
      program: claude,
      cli: 'env > variables',
      kit: {
        secrets: secretsInTest({ ANTHROPIC_API_KEY: KEY }),
        agentVariables: { ANTHROPIC_BASE_URL: 'http://gateway.example', DISABLE_AUTOUPDATER: '0' },
      },
    });

    const variables = seen('variables').split('\n');
    expect(variables).toEqual(
      expect.arrayContaining([
        `ANTHROPIC_API_KEY=${KEY}`,
        'ANTHROPIC_BASE_URL=http://gateway.example',
        'DISABLE_AUTOUPDATER=0',
      ]),
    );
  });

  it('is asked for the secrets of its tenant, by the names in the dispatch', async () => {
    const secrets = secretsInTest();
    const spec = { tenantId: 'other', additionalSecrets: ['DEPLOY_KEY'] };

    await tryAgent({ agent: 'claude', program: claude, cli: 'true', spec, kit: { secrets } });

    expect(secrets.asked).toEqual([{ tenantId: 'other', agent: 'claude', names: ['DEPLOY_KEY'] }]);
  });

  it('has what it used in its result, with the model of the dispatch where it names none', async () => {
    const { result } = await tryAgent({
      agent: 'gemini',
      program: gemini,
      cli: `echo '{"type":"result","stats":{"input_tokens":10,"output_tokens":3,"cached":4}}'`,
      spec: { modelId: 'gemini-2.5-flash' },
    });

    expect(result.usage).toEqual({
      inputTokens: 10,
      outputTokens: 3,
      cachedInputTokens: 4,
      model: 'gemini-2.5-flash',
    });
  });

  it('has what it used in its result also where that is on one line of megabytes, and it is stopped after', async () => {
    const printed = join(folder, 'printed');
    const long = `printf '{"type":"result","stats":{"input_tokens":1,"output_tokens":1},"text":"'; head -c 2000000 /dev/zero | tr '\\0' x; echo '"}'`;

    const { exitCode, result } = await tryAgent({
      agent: 'gemini',
      program: gemini,
      cli: `${long}; touch '${printed}'; sleep 300`,
      kit: { stop: stopAt(printed) },
    });

    expect(exitCode).toBe(143);
    expect(result).toMatchObject({ endedBy: 'stop', usage: { inputTokens: 1, outputTokens: 1 } });
  });

  it('finds the settings that its CLI reads from its home', async () => {
    const cli = 'cat "$HOME/.gemini/settings.json" > settings; stat -c %a "$HOME/.gemini" > mode';

    const { exitCode, seen } = await tryAgent({ agent: 'gemini', program: gemini, cli });

    expect(exitCode).toBe(0);
    expect(JSON.parse(seen('settings'))).toHaveProperty('security.auth.selectedType');
    expect(seen('mode')).toBe('700\n');
  });

  it('has failed where its CLI ends well and no model has answered', async () => {
    const wrongKey = `echo "AuthenticationError: ${KEY}"`;
    const kit = { secrets: secretsInTest({ OPENAI_API_KEY: KEY }) };

    const { exitCode, result, said } = await tryAgent({ agent: 'aider', program: aider, cli: wrongKey, kit });

    expect(exitCode).toBe(1);
    expect(result).toMatchObject({ endedBy: 'worker', exitCode: 0, reason: expect.stringContaining('no model') });
    expect(said).toContain('AuthenticationError: [redacted:OPENAI_API_KEY]');
  });

  it('has not failed where a model has answered it', async () => {
    const cli = `echo 'Tokens: 2.5k sent, 300 received. Cost: $0.01 message, $0.01 session.'`;

    const { exitCode, result } = await tryAgent({ agent: 'aider', program: aider, cli });

    expect(exitCode).toBe(0);
    expect(result).toMatchObject({ endedBy: 'agent', usage: { inputTokens: 2_500, outputTokens: 300, turns: 1 } });
  });

  it('shows no secret in its result, though a file of the repository is called so', async () => {
    const { result } = await tryAgent({
      agent: 'claude',
      program: claude,
      cli: 'true',
      spec: { repo: 'acme/rocket', contextLevel: 'full' },
      kit: { secrets: secretsInTest({ ANTHROPIC_API_KEY: KEY }) },
    });

    expect(JSON.stringify(result)).not.toContain(KEY);
    expect(result.context?.contents.map(({ path }) => path)).toContain('[redacted:ANTHROPIC_API_KEY].txt');
  });

  it('is not run where its program cannot be started, and the reason has no secret', async () => {
    const { exitCode, result } = await tryAgent({
      agent: 'claude',
      program: { ...claude, makeCommand: () => Promise.reject(new Error(`no room for ${KEY}`)) },
      cli: 'true',
      kit: { secrets: secretsInTest({ ANTHROPIC_API_KEY: KEY }) },
    });

    expect(exitCode).toBe(1);
    expect(result).toMatchObject({ endedBy: 'worker', reason: 'no room for [redacted:ANTHROPIC_API_KEY]' });
  });
});
