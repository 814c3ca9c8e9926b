import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuiltImage } from './built-image.ts';
import { containerSpec } from './container-spec.ts';

export interface Container {
  readonly image: BuiltImage;
  /** @default the image's entry point and command */
  readonly command?: readonly string[];
  /** `NAME=value` each, beside the image's. @default none */
  readonly env?: readonly string[];
  /** User and group. @default the image's own, root */
  readonly uid?: number;
  /** Folders of this machine, each at the same path in the container. @default none */
  readonly folders?: readonly string[];
}

/**
 * The mount is seen in here alone, and is gone with the container. crun refuses to start beside cgroups of both versions,
 * though it is to leave them alone.
 */
const SCRIPT = `
set -e
if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
exec crun --cgroup-manager=disabled --root "$2/state" run --bundle "$2" container
`;

/**
 * The command line that runs a container of an image and ends as it does; a signal to it reaches the container's init.
 * What the container writes goes to the folder.
 *
 * @param folder an empty one, to be removed when the container has ended
 */
export function containerCommand(folder: string, container: Container): readonly [string, ...string[]] {
  for (const name of ['upper', 'work', 'root', 'state']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(containerSpec(container)));
  return ['unshare', '--mount', 'sh', '-c', SCRIPT, 'sh', container.image.root, folder];
}
