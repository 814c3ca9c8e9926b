import { Aws } from 'aws-cdk-lib';
import { type IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { SYSTEM_SECRETS, secretsFolder, systemSecretId, tenantSecretId } from '../core/secrets.ts';
import { acknowledgeWildcards, allow } from './allow.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';

/** The roles of agents' ECS tasks. */
export class AgentTaskRoles extends Construct {
  /** What the worker may do. The agent itself never sees its credentials. */
  readonly task: Role;
  /** The same for one with persistent workspaces; it is never a slot of the pool. */
  readonly workspaceTask: Role;
  /** What ECS may do to start the task: pull the image, write the log. */
  readonly execution: Role;

  constructor(scope: Construct, id: string, settings: OutpostSettings, storage: Storage) {
    super(scope, id);
    const { dispatches, pool, workspaces } = storage;
    const assumedBy = new ServicePrincipal('ecs-tasks.amazonaws.com');
    this.task = new Role(this, 'Task', { assumedBy });
    this.workspaceTask = new Role(this, 'WorkspaceTask', { assumedBy });
    this.execution = new Role(this, 'Execution', { assumedBy });
    acknowledgeWildcards(this.execution, ['*'], 'ecr:GetAuthorizationToken knows no resources.');

    allow(this.task, {
      actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      resources: [dispatches.tableArn, pool.tableArn],
    });
    allow(this.workspaceTask, {
      actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      resources: [dispatches.tableArn, workspaces.tableArn],
    });
    for (const role of [this.task, this.workspaceTask]) {
      allowFiles(role, storage);
      allowSecrets(role, secretsFolder(settings.prefix));
    }
  }

  get all(): readonly IRole[] {
    return [this.task, this.workspaceTask, this.execution];
  }

  /** Those of slots of the pool. */
  get ofSlots(): readonly IRole[] {
    return [this.task, this.execution];
  }
}

/** The spec, and where the output goes. */
function allowFiles(role: IRole, { context, artifacts }: Storage): void {
  const wildcard = 'One role serves every dispatch, and each has its own folder.';
  allow(role, { actions: ['s3:GetObject'], resources: [context.arnForObjects('dispatches/*')], wildcard });
  allow(role, {
    actions: ['s3:PutObject', 's3:AbortMultipartUpload'],
    resources: [artifacts.arnForObjects('dispatches/*')],
    wildcard,
  });
  allow(role, {
    actions: ['s3:DeleteObject'],
    resources: [artifacts.arnForObjects('dispatches/*/checkpoints/*')],
    wildcard: 'Checkpoints that are of no use any more go; nothing else does.',
  });
  // Whether there is a manifest: HeadObject tells only who may list.
  allow(role, {
    actions: ['s3:ListBucket'],
    resources: [artifacts.bucketArn],
    conditions: { StringLike: { 's3:prefix': 'dispatches/*/manifest.json' } },
  });
}

/** The platform's secrets by their names, and every tenant's: whose dispatch it serves a worker learns from the spec. */
function allowSecrets(role: IRole, folder: string): void {
  const secrets = `arn:${Aws.PARTITION}:secretsmanager:${Aws.REGION}:${Aws.ACCOUNT_ID}:secret:`;
  allow(role, {
    actions: ['secretsmanager:GetSecretValue'],
    // Secrets Manager ends each ARN in a dash and six characters of its own.
    resources: SYSTEM_SECRETS.map((name) => `${secrets}${systemSecretId(folder, name)}-??????`),
  });
  allow(role, {
    actions: ['secretsmanager:GetSecretValue'],
    resources: [`${secrets}${tenantSecretId(folder, '*', '*')}`],
    wildcard: 'One role serves every tenant, and tenants name their secrets as they like.',
  });
}
