import { Duration, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import type { AgentCluster } from './agent-cluster.ts';
import type { Permission } from './allow.ts';
import type { DispatchEvents } from './dispatch-events.ts';
import type { DispatchWorkflow } from './dispatch-workflow.ts';
import { outpostLogGroup } from './log-group.ts';
import { MANIFEST_READER_MIB, OutpostFunction } from './outpost-function.ts';
import type { OutpostSettings } from './settings.ts';
import type { Storage } from './storage.ts';
import { findRecords, findSlots, keepSpec, readOutput, takePlaces } from './storage-permissions.ts';

/** Requests per second, and at once, that the stage takes; tenants' own limits are the function's business. */
const THROTTLE = { rateLimit: 200, burstLimit: 400 } as const;

export interface DispatchApiProps {
  readonly settings: OutpostSettings;
  readonly storage: Storage;
  readonly events: DispatchEvents;
  readonly agents: AgentCluster;
  readonly workflow: DispatchWorkflow;
}

/** The HTTP API: every route goes to one function, which knows them. */
export class DispatchApi extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, props: DispatchApiProps) {
    super(scope, id);
    const { settings } = props;
    const api = new HttpApi(this, 'HttpApi', {
      apiName: settings.prefix,
      description: 'Outpost: post, watch, cancel and replay dispatches',
      defaultIntegration: new HttpLambdaIntegration('Function', this.function(props)),
      createDefaultStage: false,
    });
    new HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: '$default',
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          outpostLogGroup(this, 'AccessLog', settings, `/aws/vendedlogs/http-api/${settings.prefix}`),
        ),
        format: AccessLogFormat.custom(ACCESS_LOG_FORMAT),
      },
    });
    Validations.of(api).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason: 'The function asks for an API key on every route but the health check.',
    });
    this.url = api.apiEndpoint;
  }

  private function(props: DispatchApiProps) {
    const { settings, storage, events, agents, workflow } = props;
    return new OutpostFunction(this, 'Function', {
      settings,
      name: 'api',
      description: 'Starts, shows, cancels and replays dispatches',
      memorySize: MANIFEST_READER_MIB,
      // API Gateway gives up after 30 seconds.
      timeout: Duration.seconds(29),
      environment: {
        DISPATCHES_TABLE: storage.dispatches.tableName,
        POOL_TABLE: storage.pool.tableName,
        TENANTS_TABLE: storage.tenants.tableName,
        API_KEYS_TABLE: storage.apiKeys.tableName,
        IDEMPOTENCY_TABLE: storage.idempotency.tableName,
        ARTIFACTS_BUCKET: storage.artifacts.bucketName,
        CONTEXT_BUCKET: storage.context.bucketName,
        DISPATCH_STATE_MACHINE_ARN: workflow.stateMachine.arn,
        EVENT_BUS_NAME: events.bus.eventBusName,
        CLUSTER_ARN: agents.cluster.clusterArn,
        AGENT_LOG_GROUP: agents.logGroup.logGroupName,
      },
      permissions: [
        ...tablePermissions(storage),
        findSlots(storage),
        findRecords(storage, 'byStatus'),
        ...readOutput(storage),
        takePlaces(storage),
        ...keepSpec(storage),
        agents.tasks('ecs:StopTask'),
        agents.readLogs,
        workflow.stateMachine.start,
        workflow.stateMachine.executions('states:GetExecutionHistory'),
        events.publish,
      ],
    }).function;
  }
}

function tablePermissions({ dispatches, apiKeys, idempotency }: Storage): Permission[] {
  return [
    { actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], resources: [dispatches.tableArn] },
    { actions: ['dynamodb:GetItem'], resources: [apiKeys.tableArn] },
    {
      actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      resources: [idempotency.tableArn],
    },
  ];
}

const ACCESS_LOG_FORMAT = JSON.stringify({
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  sourceIp: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  responseLength: '$context.responseLength',
  latency: '$context.responseLatency',
  integrationError: '$context.integrationErrorMessage',
});
