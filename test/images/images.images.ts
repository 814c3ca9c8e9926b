import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AgentName, availableAgents } from '../../core/agents.ts';
import { WORKER_EXIT } from '../../core/exit-codes.ts';
import { AGENT_PROGRAMS } from '../../worker/agents/agent-programs.ts';
import { readBuiltAssembly } from './built-image.ts';
import { PLANTED_CREDENTIAL } from './host-registries.ts';
import { AGENT, runInImage } from './run-in-image.ts';

const LOCKS = join(import.meta.dirname, '../../worker/clis');
const IMAGES = readBuiltAssembly().images;

/** What an agent may write to, beside what it is given: all of it goes with the container. */
const WRITABLE = ['/home/agent', '/run/lock', '/tmp', '/var/tmp', '/workspace'];

it('there is an image of every agent that can be dispatched to', () => {
  expect(IMAGES.map(({ agent }) => agent).sort()).toEqual(availableAgents().sort());
});

describe.each(IMAGES.map((image) => [image.agent, image] as const))('the image of %s', (agent, image) => {
  it('has Node 24, for the agent as well', () => {
    const { stdout, stderr } = runInImage({ image, ...AGENT, command: ['node', '--version'] });

    expect(stdout, stderr).toMatch(/^v24\.\d+\.\d+\n$/);
  });

  it('answers the probe of the worker', () => {
    const { file, args, env = {} } = AGENT_PROGRAMS[agent].probe;
    const given = [...AGENT.env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];

    const { status, stderr } = runInImage({ image, ...AGENT, env: given, command: [file, ...args] });

    expect(status, stderr).toBe(0);
  });

  it('has no file by which an agent could become another user', () => {
    const command = ['find', '/', '-xdev', '-type', 'f', '-perm', '/6000'];

    const { status, stdout, stderr } = runInImage({ image, command });

    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '' });
  });

  it('has a workspace that is the agent’s, and little else that it can write to', () => {
    const find = 'find / -xdev \\( -path /proc -o -path /dev \\) -prune -o ! -type l -writable -print -prune | sort';

    const { stdout, stderr } = runInImage({ image, ...AGENT, command: ['sh', '-c', find] });
    const owner = runInImage({ image, command: ['stat', '--format', '%u:%g %a', '/workspace'] });

    expect(stdout.trim().split('\n'), stderr).toEqual(WRITABLE);
    expect(owner.stdout).toBe('1001:1001 755\n');
  });

  it('keeps nothing of the registries’ settings that it was built with', () => {
    const grep = ['grep', '--recursive', '--files-with-matches', '--devices=skip', '--text', PLANTED_CREDENTIAL];
    const settings = '.npmrc,npmrc,pip.conf,.netrc,.pypirc,auth.conf'
      .split(',')
      .flatMap((name) => ['-o', '-name', name]);
    const find = ['find', '/', '-xdev', '-type', 'f', '-size', '+0', '(', ...settings.slice(1), ')'];

    const planted = runInImage({ image, command: [...grep, '/etc', '/home', '/opt', '/root', '/tmp', '/usr', '/var'] });
    const found = runInImage({ image, command: find });

    expect({ status: planted.status, stdout: planted.stdout }, planted.stderr).toEqual({ status: 1, stdout: '' });
    expect({ status: found.status, stdout: found.stdout }, found.stderr).toEqual({ status: 0, stdout: '' });
    expect(JSON.stringify(image)).not.toContain(PLANTED_CREDENTIAL);
  });

  it('begins with the worker, which says what it misses', () => {
    const { status, stdout, stderr } = runInImage({ image });

    expect(stdout + stderr).toContain(
      'The environment is not complete: SLOT_ID or DISPATCH_ID with ATTEMPT is missing',
    );
    expect(stdout + stderr).not.toMatch(/^\s+at /m);
    expect(status).toBe(WORKER_EXIT.badSpec);
  });
});

describe.each(IMAGES.filter(({ agent }) => agent !== 'shell').map((image) => [image.agent, image] as const))(
  'the image of %s',
  (agent, image) => {
    it('has the CLI of the lock, which answers the agent', () => {
      const { status, stdout, stderr } = runInImage({ image, ...AGENT, command: [agent, '--version'] });

      expect(status, stderr).toBe(0);
      expect(/\d+\.\d+\.\d+/.exec(stdout)?.[0], stdout).toBe(lockedVersion(agent));
    });
  },
);

function lockedVersion(agent: AgentName): string | undefined {
  if (agent === 'aider') {
    return /^aider-chat==(\S+)/m.exec(readFileSync(join(LOCKS, agent, 'requirements.txt'), 'utf8'))?.[1];
  }
  const { dependencies } = JSON.parse(readFileSync(join(LOCKS, agent, 'package.json'), 'utf8'));
  return String(Object.values(dependencies)[0]);
}
