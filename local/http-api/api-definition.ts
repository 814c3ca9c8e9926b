import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TemplateResource } from '../aws-service.ts';
import { parseProperties } from '../resource-properties.ts';
import { CorsConfiguration } from './cors.ts';
import { parseRoute, type Route } from './routes.ts';

export const STAGE = '$default';

const ApiProperties = z.strictObject({
  Name: z.string(),
  ProtocolType: z.literal('HTTP'),
  Description: z.string().optional(),
  CorsConfiguration: CorsConfiguration.optional(),
  DisableExecuteApiEndpoint: z.literal(false).optional(),
  Tags: z.unknown().optional(),
});

const IntegrationProperties = z.strictObject({
  ApiId: z.string(),
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  IntegrationMethod: z.string().optional(),
  PayloadFormatVersion: z.literal('2.0'),
  TimeoutInMillis: z.coerce.number().int().min(50).max(30_000).default(30_000),
  Description: z.string().optional(),
});

const RouteProperties = z.strictObject({
  ApiId: z.string(),
  RouteKey: z.string(),
  Target: z.string().regex(/^integrations\//),
  AuthorizationType: z.literal('NONE').optional(),
  OperationName: z.string().optional(),
});

const StageProperties = z.strictObject({
  ApiId: z.string(),
  StageName: z.literal(STAGE),
  AutoDeploy: z.boolean().optional(),
  DeploymentId: z.string().optional(),
  Description: z.string().optional(),
  // Without meaning on one machine: nobody is throttled, and access is not logged.
  DefaultRouteSettings: z.unknown().optional(),
  RouteSettings: z.unknown().optional(),
  AccessLogSettings: z.unknown().optional(),
  Tags: z.unknown().optional(),
});

const DeploymentProperties = z.strictObject({
  ApiId: z.string(),
  StageName: z.string().optional(),
  Description: z.string().optional(),
});

interface Integration {
  readonly functionArn: string;
  readonly timeoutMs: number;
}

/** The one HTTP API of the template: what its resources say. */
export class ApiDefinition {
  readonly routes: Route[] = [];
  cors: z.output<typeof CorsConfiguration> | undefined;
  /** Empty until the API is created. */
  apiId = '';
  private name = '';
  private hasStage = false;
  private readonly integrations = new Map<string, Integration>();

  constructor(private readonly endpoint: string) {}

  createApi(resource: TemplateResource) {
    const properties = parseProperties(ApiProperties, resource);
    if (this.apiId !== '') throw new Error('the embedded AWS listens for one HTTP API only');
    this.apiId = idOf(resource);
    this.name = `${resource.logicalId} (${properties.Name})`;
    this.cors = properties.CorsConfiguration;
    return { ref: this.apiId, attributes: { ApiId: this.apiId, ApiEndpoint: this.endpoint } };
  }

  createIntegration(resource: TemplateResource) {
    const { ApiId, IntegrationUri, TimeoutInMillis } = parseProperties(IntegrationProperties, resource);
    this.requireApi(ApiId);
    const functionArn = /arn:aws:lambda:[^:]+:\d+:function:[\w-]+/.exec(IntegrationUri)?.[0];
    if (!functionArn) throw new Error(`IntegrationUri: '${IntegrationUri}' is not a Lambda function`);
    const id = idOf(resource);
    this.integrations.set(id, { functionArn, timeoutMs: TimeoutInMillis });
    return { ref: id, attributes: { IntegrationId: id } };
  }

  createRoute(resource: TemplateResource) {
    const { ApiId, RouteKey, Target } = parseProperties(RouteProperties, resource);
    this.requireApi(ApiId);
    const route = parseRoute(RouteKey, Target.replace('integrations/', ''));
    this.integrationOf(route);
    if (this.routes.some(({ key }) => key === RouteKey)) throw new Error(`RouteKey: '${RouteKey}' is there twice`);
    this.routes.push(route);
    const id = idOf(resource);
    return { ref: id, attributes: { RouteId: id } };
  }

  createStage(resource: TemplateResource) {
    const { ApiId, StageName } = parseProperties(StageProperties, resource);
    this.requireApi(ApiId);
    this.hasStage = true;
    return { ref: StageName };
  }

  createDeployment(resource: TemplateResource) {
    this.requireApi(parseProperties(DeploymentProperties, resource).ApiId);
    const id = idOf(resource);
    return { ref: id, attributes: { DeploymentId: id } };
  }

  /** Throws where there is an API that answers everything with 404: it has no route, or no stage. */
  requireReachable(): void {
    if (this.apiId === '') return;
    if (this.routes.length === 0) throw new Error(`The HTTP API ${this.name} has no route.`);
    if (!this.hasStage) throw new Error(`The HTTP API ${this.name} has no stage: none of its routes is served.`);
  }

  /** Without a stage, AWS serves no route either. */
  get deployed(): boolean {
    return this.hasStage;
  }

  integrationOf(route: Route): Integration {
    const integration = this.integrations.get(route.integrationId);
    if (!integration) throw new Error(`Target: there is no integration '${route.integrationId}'`);
    return integration;
  }

  private requireApi(apiId: string): void {
    if (apiId !== this.apiId) throw new Error(`ApiId: there is no HTTP API '${apiId}'`);
  }
}

/** Ten letters and digits, as API Gateway's, and the same after a restart. */
function idOf(resource: TemplateResource): string {
  const digest = createHash('sha256').update(resource.logicalId).digest();
  return BigInt(`0x${digest.toString('hex')}`)
    .toString(36)
    .slice(0, 10);
}
