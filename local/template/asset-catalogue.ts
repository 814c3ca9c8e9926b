import { existsSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { z } from 'zod';
import type { Deployment } from './pseudo-parameters.ts';

const AssetManifest = z.looseObject({
  files: z
    .record(
      z.string(),
      z.looseObject({
        displayName: z.string().optional(),
        source: z.looseObject({ path: z.string(), packaging: z.enum(['file', 'zip']).default('file') }),
        destinations: z.record(z.string(), z.looseObject({ bucketName: z.string(), objectKey: z.string() })),
      }),
    )
    .default({}),
  dockerImages: z
    .record(
      z.string(),
      z.looseObject({
        source: z.looseObject({
          directory: z.string(),
          dockerFile: z.string().default('Dockerfile'),
          dockerBuildTarget: z.string().optional(),
          dockerBuildArgs: z.record(z.string(), z.string()).default({}),
        }),
        destinations: z.record(z.string(), z.looseObject({ repositoryName: z.string(), imageTag: z.string() })),
      }),
    )
    .default({}),
});

/** A container image as CDK leaves it: the folder that `docker build` would be run in, and how. */
export interface ImageAsset {
  /** Absolute path. */
  readonly directory: string;
  /** Relative to `directory`. */
  readonly dockerFile: string;
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
}

/** Finds, in a cloud assembly, the files that a template speaks of by the places CDK would upload them to. */
export class AssetCatalogue {
  private readonly files = new Map<string, string>();
  private readonly images = new Map<string, ImageAsset>();

  /** @param folder the cloud assembly that the manifest's paths are relative to */
  constructor(
    folder: string,
    manifest: unknown,
    private readonly deployment: Deployment,
  ) {
    const { files, dockerImages } = AssetManifest.parse(manifest);
    for (const { source, destinations } of Object.values(files)) {
      const path = resolvePath(folder, source.path);
      for (const { bucketName, objectKey } of Object.values(destinations)) {
        this.files.set(this.located(`${bucketName}/${objectKey}`), path);
      }
    }
    for (const { source, destinations } of Object.values(dockerImages)) {
      const image = imageAsset(folder, source);
      for (const { repositoryName, imageTag } of Object.values(destinations)) {
        this.images.set(this.located(`${repositoryName}:${imageTag}`), image);
      }
    }
  }

  /**
   * The absolute path of a file asset: a folder where CDK would upload it zipped, a file otherwise.
   * @throws Error naming the bucket and the key where the assembly has no such asset
   */
  file(bucket: string, key: string): string {
    const path = this.files.get(`${bucket}/${key}`);
    if (path === undefined) throw new Error(`the cloud assembly has no asset for s3://${bucket}/${key}`);
    return present(path);
  }

  /**
   * @param uri `<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>`
   * @throws Error naming the image where the assembly has none of that name
   */
  image(uri: string): ImageAsset {
    const image = this.images.get(uri.slice(uri.indexOf('/') + 1));
    if (!image) throw new Error(`the cloud assembly has no asset for the image ${uri}`);
    return { ...image, directory: present(image.directory) };
  }

  private located(name: string): string {
    const { accountId, region } = this.deployment;
    return name
      .replaceAll(`\${AWS::AccountId}`, accountId)
      .replaceAll(`\${AWS::Region}`, region)
      .replaceAll(`\${AWS::Partition}`, 'aws');
  }
}

function imageAsset(
  folder: string,
  source: {
    directory: string;
    dockerFile: string;
    dockerBuildTarget?: string | undefined;
    dockerBuildArgs: Record<string, string>;
  },
): ImageAsset {
  return {
    directory: resolvePath(folder, source.directory),
    dockerFile: source.dockerFile,
    ...(source.dockerBuildTarget === undefined ? {} : { target: source.dockerBuildTarget }),
    buildArgs: source.dockerBuildArgs,
  };
}

function present(path: string): string {
  if (!existsSync(path)) throw new Error(`${path} is missing from the cloud assembly: synthesize it again`);
  return path;
}
