import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ENTRY = fileURLToPath(new URL('./runtime-thread.ts', import.meta.url));

/**
 * Bundles what a function's thread begins with into a folder, and answers the file. A thread runs plain JavaScript: the
 * loader that lets this process run TypeScript does not reach into it on Node 20.
 */
export async function bundleRuntime(folder: string): Promise<string> {
  const outfile = join(folder, 'lambda-runtime.mjs');
  await build({ entryPoints: [ENTRY], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20' });
  return outfile;
}
