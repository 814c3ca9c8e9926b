import { join } from 'node:path';
import type { ImageAsset } from './template/asset-catalogue.ts';

/** What a container is started from here: the image's entry point and environment, without the image. */
export interface LocalImage {
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** As in the entry point of its Dockerfile, which tells why. */
const NODE_FLAGS = ['--max-semi-space-size=1'];

/** The worker's image, as its Dockerfile makes it: Node runs the bundle that lies beside the Dockerfile. */
export function workerImage({ directory }: ImageAsset): LocalImage {
  const command = [process.execPath, ...NODE_FLAGS, '--enable-source-maps', join(directory, 'main.mjs')];
  return { command, directory, env: {} };
}
