import { join } from 'node:path';
import type { ImageAsset } from './template/asset-catalogue.ts';

/** What a container is started from here: the image's entry point and environment, without the image. */
export interface LocalImage {
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The worker's image, as its Dockerfile makes it: Node runs the bundle that lies beside the Dockerfile. */
export function workerImage({ directory }: ImageAsset): LocalImage {
  return { command: [process.execPath, '--enable-source-maps', join(directory, 'main.mjs')], directory, env: {} };
}
