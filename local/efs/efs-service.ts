import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AwsService, LocalAws, ResourceValues, TemplateResource } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import type { Permission } from '../iam/policy-document.ts';
import { requestContext } from '../iam/request-context.ts';
import { type ResourcePolicy, readResourcePolicy } from '../iam/resource-policy.ts';
import { parseProperties } from '../resource-properties.ts';
import { FileSystemProperties, MountTargetProperties } from './file-system-properties.ts';

export interface EfsOptions {
  /** What a role's own policies say; `Deny` outweighs. */
  verdictOf(roleArn: string, permission: Permission): 'Allow' | 'Deny' | undefined;
}

export interface EfsService extends AwsService {
  /**
   * The folder of a file system, for an ECS task of this role. Throws, as a mount fails, where there is no such file
   * system, nothing to mount it by, or the role may not use it as root.
   */
  mount(fileSystemId: string, roleArn: string): string;
}

interface FileSystem {
  readonly arn: string;
  readonly folder: string;
  readonly policy: ResourcePolicy | undefined;
  readonly subnets: Set<string>;
}

/** A process here is not held back from writing, so a role that may only read is refused the mount. */
const TO_USE_IT = ['ClientMount', 'ClientWrite', 'ClientRootAccess'];

/** The embedded EFS: a file system is a folder, which stays. It has no API: its resources come from the template. */
export async function createEfs(aws: LocalAws, { verdictOf }: EfsOptions): Promise<EfsService> {
  const fileSystems = new Map<string, FileSystem>();
  const isAllowed = ({ policy, arn }: FileSystem, roleArn: string, action: string): boolean => {
    const permission = { action, resource: arn };
    const caller = { accessKeyId: '', secretAccessKey: '', roleArn, sessionName: '' };
    const context = { ...requestContext(aws, caller), 'elasticfilesystem:AccessedViaMountTarget': ['true'] };
    const verdicts = [verdictOf(roleArn, permission), policy?.decide({ role: roleArn }, permission, context)];
    return !verdicts.includes('Deny') && verdicts.includes('Allow');
  };
  return {
    signingName: 'elasticfilesystem',
    resources: {
      'AWS::EFS::FileSystem': (resource) => createFileSystem(aws, fileSystems, resource),
      'AWS::EFS::MountTarget': (resource) => createMountTarget(fileSystems, resource),
    },
    handle: async ({ method, path }) => {
      throw new AwsError('UnsupportedOperation', `The embedded EFS does not know ${method} ${path}.`, { status: 404 });
    },
    mount: (fileSystemId, roleArn) => {
      const fileSystem = fileSystems.get(fileSystemId);
      if (!fileSystem || fileSystem.subnets.size === 0) {
        throw new Error(`Failed to resolve "${fileSystemId}.efs.${aws.region}.amazonaws.com": it has no mount target`);
      }
      const missing = TO_USE_IT.find((name) => !isAllowed(fileSystem, roleArn, `elasticfilesystem:${name}`));
      if (missing === undefined) return fileSystem.folder;
      throw new Error(
        `mount.nfs4: access denied by server while mounting: ${roleArn} may not elasticfilesystem:${missing}`,
      );
    },
    close: async () => {},
  };
}

function createFileSystem(
  aws: LocalAws,
  fileSystems: Map<string, FileSystem>,
  resource: TemplateResource,
): ResourceValues {
  const { FileSystemPolicy } = parseProperties(FileSystemProperties, resource);
  const id = awsId('fs', resource.logicalId);
  const arn = `arn:aws:elasticfilesystem:${aws.region}:${aws.accountId}:file-system/${id}`;
  const folder = join(aws.folder('efs'), id);
  // Another user's agent must be able to pass through to a folder of its own.
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const policy = FileSystemPolicy === undefined ? undefined : readPolicy(FileSystemPolicy);
  fileSystems.set(id, { arn, folder, policy, subnets: new Set() });
  return { ref: id, attributes: { Arn: arn, FileSystemId: id } };
}

function createMountTarget(fileSystems: Map<string, FileSystem>, resource: TemplateResource): ResourceValues {
  const { FileSystemId, SubnetId } = parseProperties(MountTargetProperties, resource);
  const fileSystem = fileSystems.get(FileSystemId);
  if (!fileSystem) throw new Error(`FileSystemId: there is no file system '${FileSystemId}'`);
  if (fileSystem.subnets.has(SubnetId))
    throw new Error(`SubnetId: ${FileSystemId} has a mount target in '${SubnetId}'`);
  fileSystem.subnets.add(SubnetId);
  const id = awsId('fsmt', resource.logicalId);
  return { ref: id, attributes: { Id: id, IpAddress: '127.0.0.1' } };
}

function readPolicy(document: unknown): ResourcePolicy {
  try {
    return readResourcePolicy(document);
  } catch (cause) {
    throw new Error(`FileSystemPolicy: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** An id as AWS makes it, the same over restarts. */
function awsId(prefix: string, logicalId: string): string {
  return `${prefix}-${createHash('sha256').update(logicalId).digest('hex').slice(0, 17)}`;
}
