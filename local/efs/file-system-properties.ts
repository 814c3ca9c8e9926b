import { z } from 'zod';

/** Properties that AWS needs and that say nothing about a folder. */
const withoutLocalMeaning = z.unknown().optional();

/** A statement without resource is about the file system that its policy hangs on. */
const Statement = z
  .looseObject({})
  .transform((statement) =>
    'Resource' in statement || 'NotResource' in statement ? statement : { ...statement, Resource: '*' },
  );

/** The properties of `AWS::EFS::FileSystem`. */
export const FileSystemProperties = z.strictObject({
  FileSystemPolicy: z.looseObject({ Statement: z.array(Statement) }).optional(),
  BackupPolicy: withoutLocalMeaning,
  BypassPolicyLockoutSafetyCheck: withoutLocalMeaning,
  Encrypted: withoutLocalMeaning,
  FileSystemTags: withoutLocalMeaning,
  KmsKeyId: withoutLocalMeaning,
  LifecyclePolicies: withoutLocalMeaning,
  PerformanceMode: withoutLocalMeaning,
  ProvisionedThroughputInMibps: withoutLocalMeaning,
  ThroughputMode: withoutLocalMeaning,
});

/** The properties of `AWS::EFS::MountTarget`. */
export const MountTargetProperties = z.strictObject({
  FileSystemId: z.string(),
  SecurityGroups: z.array(z.string()).min(1).max(5),
  SubnetId: z.string(),
  IpAddress: withoutLocalMeaning,
});
