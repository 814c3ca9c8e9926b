import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { AGENT_NAMES } from '../../core/agents.ts';

const BuiltImage = z.object({
  agent: z.enum(AGENT_NAMES),
  /** The folder of the cloud assembly that it was built from: its name has the hash of what lies in it. */
  asset: z.string(),
  /** What the template asks for, like `linux/arm64`; what was built is of this machine's. */
  platform: z.string(),
  /** The folder that its file system lies in, not to be written to. */
  root: z.string(),
  user: z.string(),
  directory: z.string(),
  /** `NAME=value` each. */
  env: z.array(z.string()),
  /** Entry point and command. */
  command: z.array(z.string()),
});

/** An agent's image as it was built, laid out as a folder. */
export type BuiltImage = z.infer<typeof BuiltImage>;

const BuiltAssembly = z.object({
  /** A copy of the cloud assembly that the images were built from, to boot from: the project may have changed since. */
  assembly: z.string(),
  images: z.array(BuiltImage),
});
export type BuiltAssembly = z.infer<typeof BuiltAssembly>;

/** Names the file that tells which images there are. */
export const BUILT_IMAGES = 'OUTPOST_BUILT_IMAGES';

export function writeBuiltAssembly(file: string, built: BuiltAssembly): void {
  writeFileSync(file, JSON.stringify(built));
}

/** @param file @default the one that the environment names */
export function readBuiltAssembly(file: string = process.env[BUILT_IMAGES] ?? ''): BuiltAssembly {
  if (file === '') throw new Error(`${BUILT_IMAGES} is not set: \`npm run test:images\` builds the images first.`);
  return BuiltAssembly.parse(JSON.parse(readFileSync(file, 'utf8')));
}
