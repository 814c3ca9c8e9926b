import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture } from './architecture.ts';
import { bookwormMirror } from './host-registries.ts';
import type { ImageStore } from './image-store.ts';
import { runProgram } from './run-program.ts';

/** What the Dockerfile is made from. */
const BASE = 'docker.io/library/node:24-bookworm-slim';

const NPM_PACKAGE = 'npm@11';

/**
 * Makes a stand-in for the official image of Node: Debian's minimal system, Node 24 and npm in `/usr/local`, and the user
 * `node`; unless there is one that was made in this very way. It has neither Yarn nor Corepack, nor the entry point of
 * the official one, which the Dockerfile replaces.
 */
export function provideBase(store: ImageStore, { platform, debian, nodePackage }: Architecture): void {
  const made = `stand-in-base:${createHash('sha256')
    .update(readFileSync(import.meta.filename))
    .digest('hex')}`;
  if (store.has(made)) return;
  console.log(`Making a stand-in for ${BASE}`);
  const container = 'stand-in-base';
  const root = store.open(container, { platform });
  runProgram('debootstrap', ['--variant=minbase', `--arch=${debian}`, 'bookworm', root, bookwormMirror()]);
  const version = unpack(`${nodePackage}@24`, join(root, 'usr/local'), ['bin', 'include', 'share']);
  unpack(NPM_PACKAGE, join(root, 'usr/local/lib/node_modules/npm'));
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name));
  }
  runProgram('chroot', [root, 'groupadd', '--gid', '1000', 'node']);
  const user = ['--uid', '1000', '--gid', 'node', '--shell', '/bin/bash', '--create-home', 'node'];
  runProgram('chroot', [root, 'useradd', ...user]);
  // The official image keeps no packages; and a build's mount must find its place, or it leaves one behind.
  writeFileSync(join(root, 'etc/apt/apt.conf.d/keep-no-packages'), 'APT::Keep-Downloaded-Packages "false";\n');
  writeFileSync(join(root, 'etc/pip.conf'), '');
  clear(root);
  store.commit(container, { NODE_VERSION: version }, [BASE, made]);
  store.closeAll();
}

/** Fetches a package and unpacks it, or these folders of it. Returns its version. */
function unpack(name: string, folder: string, parts: readonly string[] = []): string {
  const temp = mkdtempSync(join(tmpdir(), 'outpost-images-'));
  try {
    runProgram('npm', ['pack', '--silent', name], temp);
    const [file = ''] = readdirSync(temp);
    mkdirSync(folder, { recursive: true });
    const wanted = parts.map((part) => `package/${part}`);
    const as = ['--strip-components=1', '--no-same-owner'];
    runProgram('tar', ['-xzf', join(temp, file), '-C', folder, ...as, ...wanted]);
    return /-(\d+\.\d+\.\d+)\.tgz$/.exec(file)?.[1] ?? '';
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

/** What debootstrap leaves of this machine and of its own work. */
function clear(root: string): void {
  runProgram('chroot', [root, 'apt-get', 'clean']);
  for (const path of ['etc/resolv.conf', 'etc/hostname', 'var/log/bootstrap.log'])
    rmSync(join(root, path), { force: true });
  for (const file of readdirSync(join(root, 'var/lib/apt/lists'))) {
    rmSync(join(root, 'var/lib/apt/lists', file), { recursive: true });
  }
}
