import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { AGENT_NAMES } from '../../core/agents.ts';
import type { Architecture } from './architecture.ts';
import type { BuiltImage } from './built-image.ts';
import type { BuildMount, ImageStore } from './image-store.ts';

/** As CDK writes it. Strict: a way to build that is not followed here must not go unseen. */
const ImageAssets = z.looseObject({
  dockerImages: z.record(
    z.string(),
    z.looseObject({
      source: z.strictObject({
        directory: z.string(),
        dockerFile: z.string().default('Dockerfile'),
        dockerBuildTarget: z.enum(AGENT_NAMES),
        dockerBuildArgs: z.record(z.string(), z.string()).default({}),
        platform: z.string(),
      }),
    }),
  ),
});

/** Builds every image of a cloud assembly as CDK would have Docker build it, whatever platform that would be for. */
export function buildImages(
  store: ImageStore,
  assembly: string,
  { platform: builtFor }: Architecture,
  mounts: readonly BuildMount[],
): BuiltImage[] {
  return imageSources(assembly).map((source) => {
    const began = performance.now();
    const { dockerFile, dockerBuildTarget: agent, dockerBuildArgs: buildArgs, platform } = source;
    const name = `outpost-${agent}`;
    const context = join(assembly, source.directory);
    store.build(name, { context, dockerFile, target: agent, buildArgs, platform: builtFor, mounts });
    const { User: user, WorkingDir: directory, Env: env, Entrypoint, Cmd } = store.configOf(name);
    const root = store.open(`${name}-laid-out`, { image: name, platform: builtFor });
    console.log(`${agent}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
    const command = [...Entrypoint, ...(Cmd ?? [])];
    return { agent, asset: basename(context), platform, root, user, directory, env, command };
  });
}

function imageSources(assembly: string) {
  const manifests = readdirSync(assembly).filter((name) => name.endsWith('.assets.json'));
  return manifests.flatMap((name) => {
    const { dockerImages } = ImageAssets.parse(JSON.parse(readFileSync(join(assembly, name), 'utf8')));
    return Object.values(dockerImages).map(({ source }) => source);
  });
}
