import type { AwsService, LocalAws } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { jsonError } from '../gateway/json-service.ts';
import { LambdaInvoker } from '../lambda-invoker.ts';
import { type ApiAnswer, INTERNAL_SERVER_ERROR, ownAnswer, renderAnswer } from './api-answer.ts';
import { ApiDefinition, STAGE } from './api-definition.ts';
import { type ApiRequest, payloadOf } from './api-request.ts';
import { answerPreflight, corsHeaders, isPreflight } from './cors.ts';
import { type Listener, listen } from './listener.ts';
import { findRoute, type Route, type RouteMatch } from './routes.ts';

export interface HttpApiOptions {
  /** Of the API's own listener; 0 for any free port. */
  readonly port: number;
  /** @default 127.0.0.1 */
  readonly host?: string;
}

/**
 * API Gateway's HTTP API: one API in front of functions, on a port of its own. Rejects with the system's error where
 * the port is taken. Until `ready`, it answers 503.
 */
export async function createHttpApi(aws: LocalAws, options: HttpApiOptions): Promise<AwsService> {
  const api: { current?: HttpApi } = {};
  const listener = await listen({
    port: options.port,
    host: options.host ?? '127.0.0.1',
    onFault: (error) => aws.log(`http-api: ${String(error)}`),
    answer: (request) => (api.current ? api.current.answer(request) : Promise.resolve(UNAVAILABLE)),
  });
  const created = new HttpApi(aws, listener);
  api.current = created;
  const { definition } = created;
  return {
    signingName: 'apigateway',
    resources: {
      'AWS::ApiGatewayV2::Api': (resource) => definition.createApi(resource),
      'AWS::ApiGatewayV2::Integration': (resource) => definition.createIntegration(resource),
      'AWS::ApiGatewayV2::Route': (resource) => definition.createRoute(resource),
      'AWS::ApiGatewayV2::Stage': (resource) => definition.createStage(resource),
      'AWS::ApiGatewayV2::Deployment': (resource) => definition.createDeployment(resource),
    },
    handle: async ({ method, path }) => {
      const message = `The embedded AWS does not answer ${method} ${path} of API Gateway: its API comes from the template.`;
      return jsonError(new AwsError('UnknownOperationException', message, { status: 404 }), 'application/json');
    },
    verify: () => created.verify(),
    ready: async () => created.ready(),
    close: () => created.close(),
  };
}

const UNAVAILABLE = ownAnswer(503, 'Service Unavailable');

class HttpApi {
  readonly definition: ApiDefinition;
  private readonly invoker: LambdaInvoker;
  private isReady = false;

  constructor(
    private readonly aws: LocalAws,
    private readonly listener: Listener,
  ) {
    this.definition = new ApiDefinition(listener.url);
    this.invoker = new LambdaInvoker(aws, 'apigateway.amazonaws.com');
  }

  /** Throws where a route's function is gone or does not let API Gateway in, naming each, or nothing can be reached. */
  async verify(): Promise<void> {
    const checks = this.definition.routes.map(async (route) => {
      try {
        await this.invoker.verify(this.definition.integrationOf(route).functionArn, this.sourceArn(route));
        return [];
      } catch (error) {
        return [`route ${route.key}: ${error instanceof Error ? error.message : String(error)}`];
      }
    });
    const faults = (await Promise.all(checks)).flat();
    if (faults.length > 0) throw new Error(`The HTTP API cannot invoke all of its functions: ${faults.join('; ')}`);
    this.definition.requireReachable();
  }

  ready(): void {
    this.isReady = true;
  }

  async answer(request: ApiRequest): Promise<ApiAnswer> {
    const { cors, routes, deployed } = this.definition;
    if (!this.isReady) return UNAVAILABLE;
    if (cors && isPreflight(request.message)) return answerPreflight(cors, request.message);
    const match = deployed ? findRoute(routes, request.message.method ?? '', request.path) : undefined;
    const answer = match ? await this.invoke(request, match) : ownAnswer(404, 'Not Found');
    if (!cors) return answer;
    const own = Object.entries(answer.headers).filter(([name]) => !name.startsWith('access-control-'));
    return { ...answer, headers: { ...Object.fromEntries(own), ...corsHeaders(cors, request.message) } };
  }

  async close(): Promise<void> {
    await this.listener.close();
    this.invoker.close();
  }

  private async invoke(request: ApiRequest, match: RouteMatch): Promise<ApiAnswer> {
    const { functionArn, timeoutMs } = this.definition.integrationOf(match.route);
    const place = { apiId: this.definition.apiId, accountId: this.aws.accountId, stage: STAGE };
    const payload = JSON.stringify(payloadOf(request, match, place));
    const sourceArn = this.sourceArn(match.route);
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await this.invoker.call({ functionArn, sourceArn, payload }, signal);
      return answer.failed ? INTERNAL_SERVER_ERROR : renderAnswer(answer.payload);
    } catch (error) {
      return signal.aborted ? UNAVAILABLE : this.refused(match.route, error);
    }
  }

  private refused(route: Route, error: unknown): ApiAnswer {
    const name = error instanceof Error ? error.name : '';
    if (name === 'TooManyRequestsException') return UNAVAILABLE;
    if (name === 'RequestEntityTooLargeException') return ownAnswer(413, 'Request Entity Too Large');
    this.aws.log(`http-api: ${route.key} could not invoke its function: ${String(error)}`);
    return INTERNAL_SERVER_ERROR;
  }

  /** What a function's permission is compared with: `…:<api>/<stage>/<method>/<path>`. */
  private sourceArn({ method, path }: Route): string {
    const { region, accountId } = this.aws;
    const route = path === '$default' ? '$default' : `${method === 'ANY' ? '*' : method}${path}`;
    return `arn:aws:execute-api:${region}:${accountId}:${this.definition.apiId}/${STAGE}/${route}`;
  }
}
