import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { BuildMount } from './image-store.ts';
import { runProgram } from './run-program.ts';

/** Stands among the credentials that a build is given: an image that has it would have theirs. */
export const PLANTED_CREDENTIAL = 'planted-5f0c7c1be9a84d3c';

const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/**
 * Lets a build reach Debian's packages, npm and PyPI by the ways that this machine does: mirrors, registries, credentials
 * and certificates, mounted at paths that the base has. Proxies come by themselves, from the environment.
 *
 * @param folder is made anew; holds credentials
 */
export function hostRegistries(folder: string): BuildMount[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'etc'), { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, 'apt.conf.d'));
  writeFileSync(join(folder, 'sources.list'), `${aptSources().join('\n')}\n`);
  writeFileSync(join(folder, 'apt.conf.d', 'host'), `${aptSettings().join('\n')}\n`);
  if (existsSync(CA_BUNDLE)) copyFileSync(CA_BUNDLE, join(folder, 'etc', 'ca.crt'));
  writeFileSync(join(folder, 'etc', 'npmrc'), `${npmSettings().join('\n')}\n`);
  writeFileSync(join(folder, 'pip.conf'), `${pipSettings().join('\n')}\n`);
  return [
    { from: join(folder, 'sources.list'), to: '/etc/apt/sources.list' },
    { from: join(folder, 'apt.conf.d'), to: '/etc/apt/apt.conf.d' },
    { from: '/etc/apt/auth.conf.d', to: '/etc/apt/auth.conf.d' },
    { from: join(folder, 'etc'), to: '/usr/local/etc' },
    { from: join(folder, 'pip.conf'), to: '/etc/pip.conf' },
  ].filter(({ from }) => existsSync(from));
}

/** The mirror that this machine's apt has Debian 12 from. */
export function bookwormMirror(): string {
  const [, mirror] =
    aptSources()
      .map((line) => / (\S+) bookworm /.exec(line))
      .find(Boolean) ?? [];
  if (mirror === undefined)
    throw new Error("apt's sources have no Debian 12 (bookworm), which the images are made from.");
  return mirror;
}

function aptSources(): string[] {
  const format = 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)';
  const lines = runProgram('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']).split('\n');
  return [...new Set(lines)].filter((line) => / bookworm(-\S+)? /.test(line));
}

function aptSettings(): string[] {
  const settings = runProgram('apt-config', ['dump']).split('\n');
  return [
    ...settings.filter((line) => /^Acquire::(Check-Valid-Until|Check-Date|https?|Retries)\b/.test(line)),
    'APT::Keep-Downloaded-Packages "false";',
  ];
}

/** Lines of the user's own settings that hold a credential or a scope's registry, and what all settings come to. */
function npmSettings(): string[] {
  const file = join(homedir(), '.npmrc');
  const own = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return [
    ...own.filter((line) => /^(\/\/|@|_auth)/.test(line)),
    `//registry.outpost.invalid/:_authToken=${PLANTED_CREDENTIAL}`,
    `registry=${runProgram('npm', ['config', 'get', 'registry'])}`,
    ...(existsSync(CA_BUNDLE) ? ['cafile=/usr/local/etc/ca.crt'] : []),
  ];
}

const PIP_OPTIONS = ['index-url', 'extra-index-url', 'trusted-host', 'timeout', 'retries'];

function pipSettings(): string[] {
  // Prints `global.index-url='…'`, the strongest last; without pip there is nothing to say.
  const { stdout } = spawnSync('python3', ['-m', 'pip', 'config', 'list'], { encoding: 'utf8' });
  const said = (stdout ?? '').split('\n').flatMap((line) => {
    const [, name, value] = /^[^.]+\.([\w-]+)='(.*)'$/.exec(line) ?? [];
    return name !== undefined && PIP_OPTIONS.includes(name) ? [[name, value] as const] : [];
  });
  return [
    '[global]',
    ...[...new Map(said)].map(([name, value]) => `${name} = ${value}`),
    ...(existsSync(CA_BUNDLE) ? ['cert = /usr/local/etc/ca.crt'] : []),
    '[planted]',
    `password = ${PLANTED_CREDENTIAL}`,
  ];
}
