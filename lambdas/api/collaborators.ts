import type { LambdaContext } from 'hono/aws-lambda';
import type { DispatchRequest } from '../../core/dispatch-request.ts';
import type { Tenant } from '../../core/tenant.ts';
import type { ApiKeyStore } from '../shared/api-key-store.ts';
import type { ArtifactStore } from '../shared/artifact-store.ts';
import type { DispatchStore } from '../shared/dispatch-store.ts';
import type { EcsTasks } from '../shared/ecs-tasks.ts';
import type { EventPublisher } from '../shared/event-publisher.ts';
import type { Executions } from '../shared/executions.ts';
import type { OutcomeMetrics } from '../shared/outcome-metrics.ts';
import type { PoolStore } from '../shared/pool-store.ts';
import type { SpecStore } from '../shared/spec-store.ts';
import type { TenantStore } from '../shared/tenant-store.ts';
import type { AgentLog } from './agent-log.ts';

/** What a dispatch id is reserved for: the same three give the same id. */
export interface Reservation {
  readonly tenantId: string;
  readonly key: string;
  readonly request: DispatchRequest;
}

/** What the API works with. */
export interface ApiCollaborators {
  readonly dispatches: Pick<
    DispatchStore,
    'get' | 'create' | 'requestCancel' | 'postedSince' | 'replay' | 'end' | 'markPublished'
  >;
  readonly pool: Pick<PoolStore, 'list'>;
  readonly tenants: Pick<TenantStore, 'get' | 'takePlace' | 'freePlace'>;
  readonly keys: Pick<ApiKeyStore, 'tenantOf'>;
  readonly specs: Pick<SpecStore, 'putSpec' | 'refreshSpec'>;
  readonly artifacts: Pick<ArtifactStore, 'getManifest' | 'presign'>;
  readonly executions: Pick<Executions, 'start' | 'history' | 'arnOf'>;
  readonly events: Pick<EventPublisher, 'requested' | 'ended'>;
  readonly tasks: Pick<EcsTasks, 'stop'>;
  readonly agentLog: Pick<AgentLog, 'read'>;
  readonly metrics: OutcomeMetrics;
  /** Throws an `ApiError` where the key was used for another request, or is being used right now. */
  readonly reserveId: (reservation: Reservation, context: LambdaContext | undefined) => Promise<string>;
  readonly newId: () => string;
  readonly now: () => Date;
  /** Hears of errors that the client is told nothing of. */
  readonly report: (error: Error, requestId: string) => void;
}

/** What Hono carries through a request; only in Lambda are there an event and its context. */
export type ApiEnv = {
  Bindings: {
    event?: { requestContext: { requestId: string }; headers?: Readonly<Record<string, string | undefined>> };
    lambdaContext?: LambdaContext;
  };
  Variables: { requestId: string; now: Date; tenant: Tenant };
};
