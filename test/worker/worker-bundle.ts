import { join } from 'node:path';
import { build } from 'esbuild';
import { DEPLOYED } from '../../scripts/build.ts';

/** Bundles the worker as it is deployed, into a folder of the test's own. Returns the path of `main.mjs`. */
export async function bundleWorker(folder: string): Promise<string> {
  const outfile = join(folder, 'main.mjs');
  await build({ ...DEPLOYED, entryPoints: ['worker/main.ts'], outfile });
  return outfile;
}
