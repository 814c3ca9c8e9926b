import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Architecture } from './architecture.ts';

/** What builds and runs the images, each with the Debian package that has it. */
const TOOLS = {
  buildah: 'buildah',
  debootstrap: 'debootstrap',
  crun: 'crun',
  'tini-static': 'tini',
  unshare: 'util-linux',
} as const;

/** Where the kernel says that it runs programs for ARM64 by QEMU. */
const EMULATOR = '/proc/sys/fs/binfmt_misc/qemu-aarch64';

/** Why the images cannot be built here, with the remedy; `undefined` where they can. */
export function missingHere({ debian }: Architecture): string | undefined {
  if (process.platform !== 'linux') return `The images can be built on Linux alone, and this is ${process.platform}.`;
  if (process.getuid?.() !== 0) return 'Only root can build and run the images: run this as root.';
  const missing = Object.entries(TOOLS).filter(([tool]) => pathOf(tool) === undefined);
  if (missing.length === 0) {
    if (process.arch !== 'x64' || debian === 'amd64' || existsSync(EMULATOR)) return undefined;
    return 'No ARM64 here: mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc, and apt-get install qemu-user-static binfmt-support';
  }
  const packages = missing.map(([, name]) => name).join(' ');
  return `${missing.map(([tool]) => tool).join(', ')} cannot be found: apt-get install ${packages}`;
}

/** Where a program lies; `undefined` where PATH and the system's own folders do not have it. */
export function pathOf(tool: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  return folders.map((folder) => join(folder, tool)).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
