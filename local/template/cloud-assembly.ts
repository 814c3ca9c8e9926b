import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AssetCatalogue } from './asset-catalogue.ts';
import type { Deployment } from './pseudo-parameters.ts';

const Manifest = z.looseObject({
  artifacts: z.record(
    z.string(),
    z.looseObject({
      type: z.string(),
      dependencies: z.array(z.string()).default([]),
      properties: z
        .looseObject({
          file: z.string().optional(),
          templateFile: z.string().optional(),
          stackName: z.string().optional(),
          parameters: z.record(z.string(), z.string()).optional(),
        })
        .default({}),
    }),
  ),
});

/** One stack of a cloud assembly, ready for `deployTemplate`. */
export interface AssembledStack {
  readonly stackName: string;
  readonly template: unknown;
  readonly parameters: Readonly<Record<string, string>>;
  readonly assets: AssetCatalogue;
}

/**
 * Reads what `cdk synth` wrote.
 * @param folder the assembly, usually `cdk.out`
 * @returns its stacks, in the manifest's order
 * @throws Error naming the file that is missing or isn't what it should be
 */
export function readCloudAssembly(folder: string, where: Omit<Deployment, 'stackName'>): AssembledStack[] {
  const { artifacts } = read(join(folder, 'manifest.json'), Manifest);
  return Object.entries(artifacts)
    .filter(([, { type }]) => type === 'aws:cloudformation:stack')
    .map(([id, { properties, dependencies }]) => {
      const stackName = properties.stackName ?? id;
      const manifests = dependencies.map((name) => artifacts[name]).filter((it) => it?.type === 'cdk:asset-manifest');
      return {
        stackName,
        template: read(join(folder, properties.templateFile ?? `${id}.template.json`), z.unknown()),
        parameters: properties.parameters ?? {},
        assets: new AssetCatalogue(
          folder,
          mergedAssets(manifests.map((it) => join(folder, it?.properties.file ?? `${id}.assets.json`))),
          { ...where, stackName },
        ),
      };
    });
}

function mergedAssets(paths: readonly string[]): { files: object; dockerImages: object } {
  const AssetKinds = z.looseObject({
    files: z.looseObject({}).default({}),
    dockerImages: z.looseObject({}).default({}),
  });
  const manifests = paths.map((path) => read(path, AssetKinds));
  return {
    files: Object.assign({}, ...manifests.map(({ files }) => files)),
    dockerImages: Object.assign({}, ...manifests.map(({ dockerImages }) => dockerImages)),
  };
}

function read<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> {
  if (!existsSync(path)) throw new Error(`${path} is missing: synthesize the cloud assembly first`);
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new Error(`${path} is not what cdk synth writes`, { cause });
  }
}
