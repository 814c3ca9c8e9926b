import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { availableAgents } from '../../core/agents.ts';
import { flat, listOf, type Resource, resourceNamed, resourcesOf, usualTemplate } from './synthesize.ts';

const template = usualTemplate();

describe('the tables', () => {
  it.each([
    ['dispatches', ['dispatchId'], 'expiresAt'],
    ['pool', ['agentType', 'slotId'], 'expiresAt'],
    ['tenants', ['tenantId'], undefined],
    ['api-keys', ['keyHash'], undefined],
    ['idempotency', ['id'], 'expiration'],
    ['workspaces', ['userId', 'workspaceId'], undefined],
  ])('%s is keyed by %j and forgets by %s', (name, [partitionKey, ...sortKeys], timeToLive) => {
    const { Properties, DeletionPolicy } = resourceNamed(
      template,
      'AWS::DynamoDB::Table',
      'TableName',
      `outpost-${name}`,
    );

    expect(Properties.KeySchema).toEqual([
      { AttributeName: partitionKey, KeyType: 'HASH' },
      ...sortKeys.map((key) => ({ AttributeName: key, KeyType: 'RANGE' })),
    ]);
    expect(Properties.TimeToLiveSpecification?.AttributeName).toBe(timeToLive);
    expect(Properties.BillingMode).toBe('PAY_PER_REQUEST');
    expect(Properties.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
    expect(Properties.DeletionProtectionEnabled).toBe(true);
    expect(DeletionPolicy).toBe('Retain');
  });

  it('are six, each of which something uses', () => {
    const tables = resourcesOf(template, 'AWS::DynamoDB::Table');

    expect(tables).toHaveLength(6);
  });

  it('let dispatches be found by status, by tenant and by ECS task', () => {
    const { Properties } = resourceNamed(template, 'AWS::DynamoDB::Table', 'TableName', 'outpost-dispatches');

    const indexes = listOf(Properties.GlobalSecondaryIndexes).map(({ IndexName, KeySchema, Projection }) => [
      IndexName,
      listOf(KeySchema).map(({ AttributeName }) => AttributeName),
      Projection?.ProjectionType,
    ]);
    expect(indexes).toEqual([
      ['status-createdAt-index', ['status', 'createdAt'], 'ALL'],
      ['tenant-createdAt-index', ['tenantId', 'createdAt'], 'ALL'],
      ['task_arn-index', ['taskArn'], 'KEYS_ONLY'],
      ['unpublished-endedAt-index', ['unpublished', 'endedAt'], 'KEYS_ONLY'],
    ]);
  });
});

describe('the buckets', () => {
  it.each([
    ['artifacts', 90],
    ['context', 30],
  ])('%s keeps objects for %i days, encrypted and away from the public', (name, days) => {
    const [bucket] = resourcesOf(template, 'AWS::S3::Bucket').filter(({ Properties }) =>
      flat(Properties.BucketName).startsWith(`outpost-${name}-`),
    );

    expect(bucket?.DeletionPolicy).toBe('Retain');
    expect(bucket?.Properties).toMatchObject({
      BucketEncryption: { ServerSideEncryptionConfiguration: [expect.anything()] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: days, Status: 'Enabled' }] },
    });
  });

  it('refuse whoever comes without TLS', () => {
    const policies = resourcesOf(template, 'AWS::S3::BucketPolicy');

    expect(policies).toHaveLength(2);
    for (const { Properties } of policies) {
      expect(Properties.PolicyDocument?.Statement).toContainEqual(
        expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      );
    }
  });
});

describe.each(['dispatch', 'warm-slot'])('the state machine %s', (name) => {
  const { Properties } = stateMachine(name);

  it('is given exactly the substitutions that its file asks for', () => {
    const file = readFileSync(new URL(`../../state-machines/${name}.asl.json`, import.meta.url), 'utf8');

    const asked = new Set([...file.matchAll(/\$\{(\w+)\}/g)].map(([, substitution]) => substitution));

    expect(Properties.DefinitionString).toBe(file);
    expect(Object.keys(Properties.DefinitionSubstitutions ?? {}).sort()).toEqual([...asked].sort());
  });

  it('knows the pool, and where ECS tasks run', () => {
    const given = Properties.DefinitionSubstitutions;

    expect(flat(given?.PoolTable)).toBe('<Storagepool>');
    expect(flat(given?.ClusterArn)).toBe('<AgentsCluster.Arn>');
    expect(flat(given?.SecurityGroupId)).toBe('<AgentsNetworkSecurityGroup.GroupId>');
    expect(flat(given?.SubnetIds).split(',')).toHaveLength(2);
  });

  it('logs errors without the data of executions, and is traced', () => {
    expect(Properties.LoggingConfiguration).toMatchObject({ Level: 'ERROR', IncludeExecutionData: false });
    expect(Properties.TracingConfiguration).toEqual({ Enabled: true });
  });
});

describe('the state machines', () => {
  it('are those that are tested here', () => {
    const names = resourcesOf(template, 'AWS::StepFunctions::StateMachine').map(({ Properties }) =>
      flat(Properties.StateMachineName),
    );

    expect(names.sort()).toEqual(['outpost-dispatch', 'outpost-warm-slot']);
  });

  it('call each function by its own ARN', () => {
    const given = Object.entries(stateMachine('dispatch').Properties.DefinitionSubstitutions ?? {});

    const functions = given.filter(([name]) => name.endsWith('Function'));

    expect(functions).toHaveLength(5);
    for (const [name, arn] of functions) expect(flat(arn)).toBe(`<WorkflowSteps${name}.Arn>`);
  });
});

describe('the ECS task of an agent', () => {
  it('is one container `worker` that is told where its things are', () => {
    const { Properties } = resourceNamed(template, 'AWS::ECS::TaskDefinition', 'Family', 'outpost-shell');

    const [worker, ...others] = listOf(Properties.ContainerDefinitions);

    expect(others).toEqual([]);
    expect(worker).toMatchObject({
      Name: 'worker',
      Essential: true,
      StopTimeout: 120,
      LinuxParameters: { InitProcessEnabled: true },
      LogConfiguration: { LogDriver: 'awslogs', Options: { 'awslogs-stream-prefix': 'shell' } },
    });
    expect(flat(worker?.LogConfiguration?.Options?.['awslogs-group'])).toBe('<AgentsLog>');
    expect(listOf(worker?.Environment).map(({ Name, Value }) => `${flat(Name)}=${flat(Value)}`)).toEqual([
      'AGENT=shell',
      'DISPATCHES_TABLE=<Storagedispatches>',
      'POOL_TABLE=<Storagepool>',
      'CONTEXT_BUCKET=<Storagecontext>',
      'ARTIFACTS_BUCKET=<Storageartifacts>',
      'MAX_OUTPUT_GIB=5',
      'CHECKPOINT_SECONDS=60',
      'SECRETS_FOLDER=/outpost',
      'GITHUB_URL=https://github.com',
      'AGENT_ENV={}',
    ]);
  });

  it('has the size that the catalogue says, on ARM64', () => {
    const { Properties } = resourceNamed(template, 'AWS::ECS::TaskDefinition', 'Family', 'outpost-shell');

    expect(Properties).toMatchObject({
      Cpu: '512',
      Memory: '1024',
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
    });
  });

  it('exists for available agents alone', () => {
    const families = resourcesOf(template, 'AWS::ECS::TaskDefinition').map(({ Properties }) => Properties.Family);

    expect(families).toEqual(availableAgents().flatMap((agent) => [`outpost-${agent}`, `outpost-${agent}-workspace`]));
    expect(families).not.toContain('outpost-grok');
  });

  it('lets nothing in from the network, and needs no NAT gateway to get out', () => {
    const groups = resourcesOf(template, 'AWS::EC2::SecurityGroup');

    expect(groups.map(({ Properties }) => Properties.SecurityGroupIngress)).toEqual([undefined, undefined]);
    expect(
      resourcesOf(template, 'AWS::EC2::SecurityGroupIngress').map(({ Properties }) => flat(Properties.GroupId)),
    ).toEqual(['<AgentsWorkspacesSecurityGroup.GroupId>']);
    expect(resourcesOf(template, 'AWS::EC2::NatGateway')).toEqual([]);
    expect(resourcesOf(template, 'AWS::EC2::VPCEndpoint')).toHaveLength(2);
  });
});

describe('the events', () => {
  it('are kept as long as the records of dispatches', () => {
    const [archive] = resourcesOf(template, 'AWS::Events::Archive');

    expect(archive?.Properties).toMatchObject({ RetentionDays: 30, EventPattern: { source: ['outpost'] } });
    expect(flat(archive?.Properties.SourceArn)).toBe('<EventsBus.Arn>');
  });
});

describe('the HTTP API', () => {
  it('hands every request to one function', () => {
    const [route, ...others] = resourcesOf(template, 'AWS::ApiGatewayV2::Route');
    const [integration] = resourcesOf(template, 'AWS::ApiGatewayV2::Integration');

    expect(others).toEqual([]);
    expect(route?.Properties.RouteKey).toBe('$default');
    expect(integration?.Properties).toMatchObject({ IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0' });
    expect(flat(integration?.Properties.IntegrationUri)).toBe('<ApiFunction.Arn>');
  });

  it('is throttled, and logs who came for what without their keys', () => {
    const { Properties } = resourceNamed(template, 'AWS::ApiGatewayV2::Stage', 'StageName', '$default');

    expect(Properties.DefaultRouteSettings?.ThrottlingRateLimit).toBeGreaterThan(0);
    expect(Properties.DefaultRouteSettings?.ThrottlingBurstLimit).toBeGreaterThan(0);
    expect(Object.values(JSON.parse(flat(Properties.AccessLogSettings?.Format)))).toContain('$context.path');
    expect(Properties.AccessLogSettings?.Format).not.toMatch(/authorization|header/i);
  });
});

describe('the template', () => {
  it('holds no custom resource', () => {
    const types = Object.values(template.Resources).map(({ Type }) => Type);

    expect(types.filter((type) => !type.startsWith('AWS::') || type.startsWith('AWS::CloudFormation::'))).toEqual([]);
  });

  it('says where to find what was made', () => {
    const outputs = Object.entries(template.Outputs).map(([name, { Value }]) => `${name}=${flat(Value)}`);

    expect(outputs).toEqual([
      'ApiUrl=<ApiHttpApi.ApiEndpoint>',
      'StateMachineArn=<WorkflowDispatchStateMachine>',
      'ArtifactsBucket=<Storageartifacts>',
      'ContextBucket=<Storagecontext>',
      'EventBusName=<EventsBus>',
      'ClusterName=<AgentsCluster>',
      'TenantsTable=<Storagetenants>',
      'ApiKeysTable=<Storageapikeys>',
      'AgentLogGroup=<AgentsLog>',
    ]);
  });
});

function stateMachine(name: string): Resource {
  return resourceNamed(template, 'AWS::StepFunctions::StateMachine', 'StateMachineName', `outpost-${name}`);
}
