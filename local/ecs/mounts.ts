import type { ContainerDefinition, TaskDefinitionProperties } from './definition-schema.ts';

/** The folder of an EFS file system, for ECS tasks of a role; throws what a mount that fails says. */
export type MountFileSystem = (fileSystemId: string, roleArn: string) => string;

/**
 * A container's environment with the paths that a file system is mounted at led to the file system's folder: a plain
 * process has no mounts, so it learns by its variables where things are. Throws `ResourceInitializationError: …` where the
 * mount fails.
 */
export function withMounts(
  environment: Readonly<Record<string, string>>,
  { Volumes = [] }: Pick<TaskDefinitionProperties, 'Volumes'>,
  { MountPoints = [] }: Pick<ContainerDefinition, 'MountPoints'>,
  mount: (fileSystemId: string) => string,
): Record<string, string> {
  const folders = MountPoints.flatMap(({ SourceVolume, ContainerPath }) => {
    const fileSystem = Volumes.find(({ Name }) => Name === SourceVolume)?.EFSVolumeConfiguration?.FilesystemId;
    return fileSystem === undefined ? [] : [{ path: ContainerPath, folder: mounted(fileSystem, mount) }];
  });
  const entries = Object.entries(environment).map(([name, value]): [string, string] => {
    const found = folders.find(({ path }) => value === path || value.startsWith(`${path}/`));
    return [name, found ? `${found.folder}${value.slice(found.path.length)}` : value];
  });
  return Object.fromEntries(entries);
}

function mounted(fileSystemId: string, mount: (fileSystemId: string) => string): string {
  try {
    return mount(fileSystemId);
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: ${fault} : unsuccessful EFS utils command execution; code: 32`,
      { cause },
    );
  }
}

/** Throws where a mount point names no volume of the task's, or asks for what a plain process cannot be given. */
export function assertMounts({ Volumes = [], ContainerDefinitions }: TaskDefinitionProperties): void {
  for (const { Name, MountPoints = [] } of ContainerDefinitions) {
    for (const { SourceVolume, ReadOnly } of MountPoints) {
      const volume = Volumes.find((it) => it.Name === SourceVolume);
      if (!volume) throw new Error(`ContainerDefinitions: ${Name} mounts '${SourceVolume}', which is no volume.`);
      if (ReadOnly && volume.EFSVolumeConfiguration) {
        throw new Error(`ContainerDefinitions: ${Name} mounts '${SourceVolume}' read-only: the embedded ECS cannot.`);
      }
    }
  }
}
