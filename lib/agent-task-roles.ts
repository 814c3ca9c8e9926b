import { type IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledgeWildcards, allow } from './allow.ts';
import type { Storage } from './storage.ts';

/** The two roles of an agent's ECS task. */
export class AgentTaskRoles extends Construct {
  /** What the worker may do. The agent itself never sees its credentials. */
  readonly task: Role;
  /** What ECS may do to start the task: pull the image, write the log. */
  readonly execution: Role;

  constructor(scope: Construct, id: string, { dispatches, pool, context, artifacts }: Storage) {
    super(scope, id);
    const assumedBy = new ServicePrincipal('ecs-tasks.amazonaws.com');
    this.task = new Role(this, 'Task', { assumedBy });
    this.execution = new Role(this, 'Execution', { assumedBy });
    acknowledgeWildcards(this.execution, ['*'], 'ecr:GetAuthorizationToken knows no resources.');

    const wildcard = 'One role serves every dispatch, and each has its own folder.';
    allow(this.task, {
      actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      resources: [dispatches.tableArn, pool.tableArn],
    });
    allow(this.task, { actions: ['s3:GetObject'], resources: [context.arnForObjects('dispatches/*')], wildcard });
    allow(this.task, {
      actions: ['s3:PutObject', 's3:AbortMultipartUpload'],
      resources: [artifacts.arnForObjects('dispatches/*')],
      wildcard,
    });
  }

  get all(): readonly IRole[] {
    return [this.task, this.execution];
  }
}
