import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import type { AwsRequest, LocalAws } from '../aws-service.ts';
import { clientConfig } from '../service-principal.ts';
import type { Permission } from './policy-document.ts';
import { dynamoDbPermissions } from './request-actions/dynamodb.ts';
import { ecsPermissions, type TaskDefinitionRoles } from './request-actions/ecs.ts';
import { eventsPermissions } from './request-actions/events.ts';
import type { JsonRequest } from './request-actions/json-request.ts';
import { lambdaPermissions } from './request-actions/lambda.ts';
import { logsPermissions } from './request-actions/logs.ts';
import { s3Permissions } from './request-actions/s3.ts';
import { secretsManagerPermissions, ssmPermissions } from './request-actions/secrets.ts';
import { sqsPermissions } from './request-actions/sqs.ts';
import { statesPermissions } from './request-actions/states.ts';

type JsonRules = (request: JsonRequest) => Permission[];

const RULES: Readonly<Record<string, JsonRules>> = {
  dynamodb: dynamoDbPermissions,
  events: eventsPermissions,
  logs: logsPermissions,
  secretsmanager: secretsManagerPermissions,
  sqs: sqsPermissions,
  ssm: ssmPermissions,
  states: statesPermissions,
};
/** Where the signing name isn't the prefix of the actions. */
const ACTION_PREFIX: Readonly<Record<string, string>> = { monitoring: 'cloudwatch' };

/** What permissions a request needs: the rules of AWS's Service Authorization Reference for what the project calls. */
export class RequestActions {
  private ecs: ECSClient | undefined;

  constructor(
    private readonly aws: LocalAws,
    private readonly operatorRole: string,
  ) {}

  async of(request: AwsRequest): Promise<Permission[]> {
    const { service } = request;
    if (service === 's3') return s3Permissions(request);
    if (service === 'lambda') return lambdaPermissions(request, this.arn);
    const json = await this.json(request);
    if (service === 'ecs') return ecsPermissions(json, (name) => this.taskDefinition(name));
    const rules = Object.hasOwn(RULES, service) ? RULES[service] : undefined;
    return rules ? rules(json) : [{ action: `${ACTION_PREFIX[service] ?? service}:${json.operation}`, resource: '*' }];
  }

  private readonly arn = (service: string, resource: string): string =>
    `arn:aws:${service}:${this.aws.region}:${this.aws.accountId}:${resource}`;

  private async json(request: AwsRequest): Promise<JsonRequest> {
    const target = String(request.headers['x-amz-target'] ?? '');
    const operation = target.slice(target.lastIndexOf('.') + 1);
    return { operation, input: parseObject(await request.readBody()), arn: this.arn };
  }

  /** The revision and the roles that ECS would run; `undefined` where there is no such task definition. */
  private async taskDefinition(name: string): Promise<TaskDefinitionRoles | undefined> {
    this.ecs ??= new ECSClient(clientConfig(this.aws, this.operatorRole, 'iam'));
    try {
      const { taskDefinition } = await this.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: name }));
      const roles = [taskDefinition?.taskRoleArn, taskDefinition?.executionRoleArn];
      return { arn: taskDefinition?.taskDefinitionArn ?? '', roles: roles.filter((role) => role !== undefined) };
    } catch (error) {
      if (error instanceof Error && error.name === 'ClientException') return undefined;
      throw error;
    }
  }
}

/** A body that isn't an object is left to the service to refuse. */
function parseObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const input: unknown = JSON.parse(body.toString('utf8'));
    return typeof input === 'object' && input !== null && !Array.isArray(input) ? { ...input } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
