import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runProgram } from './run-program.ts';

/** A path of this machine that a build, and nothing of its image, sees at another. */
export interface BuildMount {
  readonly from: string;
  readonly to: string;
}

/** What `docker build` would be told. */
export interface ImageBuild {
  /** Absolute path of the build's context. */
  readonly context: string;
  /** Relative to the context. */
  readonly dockerFile: string;
  readonly target?: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Like `linux/amd64`. */
  readonly platform: string;
  readonly mounts: readonly BuildMount[];
}

const ImageConfig = z.object({
  OCIv1: z.object({
    config: z.object({
      User: z.string().default(''),
      Env: z.array(z.string()).default([]),
      Entrypoint: z.array(z.string()).default([]),
      Cmd: z.array(z.string()).nullish(),
      WorkingDir: z.string().default('/'),
    }),
  }),
});

export type ImageConfig = z.infer<typeof ImageConfig>['OCIv1']['config'];

/** Images in a folder of their own, which `buildah` builds: this machine's other images have nothing to do with them. */
export class ImageStore {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  has(name: string): boolean {
    return this.buildah('images', '--quiet', '--filter', `reference=${name}`) !== '';
  }

  /** Builds as `docker build` would; what has not changed since is not built again. Throws with the build's last lines. */
  build(name: string, build: ImageBuild): void {
    this.buildah(
      'build',
      ...['--isolation', 'chroot', '--pull-never', '--layers'],
      ...['--platform', build.platform, '--tag', name, '--file', join(build.context, build.dockerFile)],
      ...(build.target === undefined ? [] : ['--target', build.target]),
      ...Object.entries(build.buildArgs).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
      ...build.mounts.flatMap(({ from, to }) => ['--volume', `${from}:${to}:ro`]),
      build.context,
    );
  }

  configOf(name: string): ImageConfig {
    return ImageConfig.parse(JSON.parse(this.buildah('inspect', '--type', 'image', name))).OCIv1.config;
  }

  /** Lays an image out as a folder, until `closeAll`; from nothing where no image is named. Returns the folder. */
  open(container: string, { image = 'scratch', platform }: { image?: string; platform: string }): string {
    this.buildah('from', '--pull-never', '--platform', platform, '--name', container, image);
    return this.buildah('mount', container);
  }

  /** Makes an image of these names from what a folder of `open` holds by now. */
  commit(
    container: string,
    env: Readonly<Record<string, string>>,
    [name, ...others]: readonly [string, ...string[]],
  ): void {
    const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    this.buildah('config', ...variables, '--cmd', 'node', container);
    this.buildah('commit', '--quiet', container, name);
    for (const other of others) this.buildah('tag', name, other);
  }

  closeAll(): void {
    this.buildah('rm', '--all');
  }

  /** Removes every image. */
  empty(): void {
    this.buildah('rmi', '--all', '--force');
  }

  /** Removes what no image is made from any more. */
  prune(): void {
    this.buildah('rmi', '--prune');
  }

  private buildah(...args: string[]): string {
    const places = ['--root', join(this.folder, 'root'), '--runroot', join(this.folder, 'run')];
    return runProgram('buildah', [...places, '--storage-driver', 'overlay', ...args]);
  }
}
