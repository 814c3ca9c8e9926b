import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AGENTS, availableAgents } from '../../core/agents.ts';
import { workerImage } from '../../local/worker-image.ts';
import { AGENT_PROGRAMS } from '../../worker/agents/agent-programs.ts';

const worker = new URL('../../worker/', import.meta.url);
const stages = stagesOf(readFileSync(new URL('Dockerfile', worker), 'utf8'));
const FROM_NPM = ['claude', 'codex', 'gemini'] as const;

describe('the image of an agent', () => {
  it.each(availableAgents())('is a stage of its name in the Dockerfile, with the worker on top: %s', (agent) => {
    const lines = stages.get(agent)?.lines ?? [];

    expect(lines.at(-1)).toBe('COPY main.mjs /opt/outpost/main.mjs');
    expect(chainOf(agent).at(-1)).toMatch(/^node:24-/);
  });

  it('is there for agents that can be run alone', () => {
    const agents = Object.keys(AGENTS).filter((name) => stages.has(name));

    expect(agents).toEqual(availableAgents());
  });

  it.each(availableAgents().filter((agent) => agent !== 'shell'))(
    'has the CLI that the agent is called as: %s',
    (agent) => {
      const text = stages.get(agent)?.lines.join('\n') ?? '';

      expect(AGENT_PROGRAMS[agent].probe.file).toBe(agent);
      expect(text).toMatch(new RegExp(`ln -s /opt/agent/\\S+/${agent} /usr/local/bin/${agent}( \\\\)?$`, 'm'));
    },
  );

  it.each(availableAgents())('has no setuid bit left after the last package of Debian: %s', (agent) => {
    const lines = chainOf(agent)
      .flatMap((stage) => [...(stages.get(stage)?.lines ?? [])].reverse())
      .join('\n');

    const [strips, installs] = [lines.indexOf('-perm /6000 -exec chmod a-s'), lines.indexOf('apt-get install')];

    // From the end: the stripping comes first.
    expect(strips).toBeGreaterThanOrEqual(0);
    expect(strips).toBeLessThan(installs);
  });

  it('does not run as root what it runs for the agent', () => {
    const base = stages.get('base')?.lines.join('\n') ?? '';

    expect(base).toMatch(/AGENT_UID=1001/);
    expect(base).toMatch(/useradd --uid 1001 /);
    expect(base).toMatch(/PASSWD_FILE=\/etc\/passwd/);
  });

  it('starts Node with the flags that the embedded AWS gives it', () => {
    const entry = stages.get('base')?.lines.find((line) => line.startsWith('ENTRYPOINT ')) ?? '';
    const [, ...flags] = JSON.parse(entry.slice('ENTRYPOINT '.length)) as string[];

    const { command } = workerImage({ directory: '/opt/outpost', dockerFile: 'Dockerfile', buildArgs: {} });

    expect(command.slice(1).filter((word) => word !== '--enable-source-maps')).toEqual(flags);
  });
});

describe('the lock of a CLI', () => {
  it.each(FROM_NPM)('pins one version, for ARM64 as well, each package by its hash: %s', (agent) => {
    const { dependencies } = readJson(`clis/${agent}/package.json`);
    const { packages } = readJson(`clis/${agent}/package-lock.json`);

    const locked = Object.entries(packages as Record<string, { integrity?: string }>).filter(([path]) => path !== '');

    expect(Object.values(dependencies)).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    expect(locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([]);
    if (agent !== 'gemini') expect(locked.map(([path]) => path).join('\n')).toMatch(/linux-arm64$/m);
  });

  it('pins every package of Aider', () => {
    const lines = readFileSync(new URL('clis/aider/requirements.txt', worker), 'utf8').trim().split('\n');

    const loose = lines.filter((line) => !/^(#.*|[A-Za-z0-9._-]+==[0-9][\w.+!]*( ;.*)?)$/.test(line));

    expect(loose).toEqual([]);
    expect(lines.find((line) => line.startsWith('aider-chat=='))).toBeDefined();
  });

  it.each(availableAgents().filter((agent) => agent !== 'shell'))('is what the image installs: %s', (agent) => {
    const copied = stages.get(agent)?.lines.flatMap((line) => line.match(/clis\/\S+/g) ?? []) ?? [];

    expect(copied.length).toBeGreaterThan(0);
    for (const file of copied) {
      expect(file).toMatch(new RegExp(`^clis/${agent}/`));
      expect(existsSync(new URL(file, worker)), file).toBe(true);
    }
  });
});

function readJson(path: string) {
  return JSON.parse(readFileSync(new URL(path, worker), 'utf8'));
}

interface Stage {
  readonly from: string;
  readonly lines: readonly string[];
}

/** The stages of a Dockerfile by their names, each with its instructions but comments. */
function stagesOf(dockerfile: string): Map<string, Stage> {
  const parts = dockerfile.split(/^FROM /m).slice(1);
  return new Map(
    parts.map((part) => {
      const [head = '', ...lines] = part.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const [from = '', name = ''] = head.split(' AS ');
      return [name, { from, lines }];
    }),
  );
}

/** A stage, what it is made from, and so on to an image of somebody else. */
function chainOf(stage: string): string[] {
  const from = stages.get(stage)?.from;
  return from === undefined ? [stage] : [stage, ...chainOf(from)];
}
