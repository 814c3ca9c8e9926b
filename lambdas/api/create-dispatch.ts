import { AGENTS, availableAgents } from '../../core/agents.ts';
import { type DispatchRecord, expiresAt } from '../../core/dispatch-record.ts';
import type { DispatchRequest } from '../../core/dispatch-request.ts';
import { isTerminal } from '../../core/dispatch-status.ts';
import { attemptName } from '../../core/ids.ts';
import type { Tenant } from '../../core/tenant.ts';
import { beginAttempt } from '../shared/begin-attempt.ts';
import { ApiError } from './api-error.ts';
import type { ApiCollaborators } from './collaborators.ts';

/** Characters of the task that lists show. */
const PREVIEW_LENGTH = 200;

/** Throws an `ApiError` where the request's agent cannot be run. */
export function requireAvailable({ agent }: Pick<DispatchRequest, 'agent'>): void {
  if (AGENTS[agent].available) return;
  const available = availableAgents();
  const message = `The agent '${agent}' is not available. Available: ${available.join(', ')}.`;
  throw new ApiError('AGENT_UNAVAILABLE', message, { agent, available });
}

/**
 * Makes the dispatch with this id and starts its first attempt: place, spec, record, event, execution. Each step is
 * harmless to repeat, so whoever comes with the same id again, at once or later, completes what is missing.
 */
export async function createDispatch(
  api: ApiCollaborators,
  tenant: Tenant,
  dispatchId: string,
  request: DispatchRequest,
): Promise<DispatchRecord> {
  const known = await api.dispatches.get(dispatchId);
  const record = known ?? (await writeDispatch(api, tenant, dispatchId, request));
  if (record.status === 'PENDING') await beginAttempt(api, record);
  return record;
}

async function writeDispatch(
  api: ApiCollaborators,
  { tenantId, maxConcurrent }: Tenant,
  dispatchId: string,
  request: DispatchRequest,
): Promise<DispatchRecord> {
  const record = firstRecord(api.now(), tenantId, dispatchId, request);
  const place = attemptName(record);
  if (!(await api.tenants.takePlace(tenantId, place, maxConcurrent))) throw tooMany(maxConcurrent);
  await api.specs.putSpec({ version: 1, dispatchId, tenantId, ...request });
  if (await api.dispatches.create(record)) return record;
  const twin = (await api.dispatches.get(dispatchId)) ?? record;
  // A twin's dispatch may have ended before this request took the place again: nobody else would give it back.
  if (isTerminal(twin.status) || twin.attempt !== record.attempt) await api.tenants.freePlace(tenantId, place);
  return twin;
}

function firstRecord(now: Date, tenantId: string, dispatchId: string, request: DispatchRequest): DispatchRecord {
  const { task, ...asked } = request;
  return {
    ...asked,
    dispatchId,
    attempt: 1,
    tenantId,
    status: 'PENDING',
    taskPreview: preview(task),
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    expiresAt: expiresAt(now),
  };
}

/** The beginning of the task, without half of a character at its end. */
function preview(task: string): string {
  return task.slice(0, PREVIEW_LENGTH).replace(/\p{Surrogate}$/u, '');
}

export function tooMany(maxConcurrent: number): ApiError {
  const message = `This tenant has ${maxConcurrent} living dispatches, which is its limit. Wait for one to end.`;
  return new ApiError('TOO_MANY_DISPATCHES', message, { maxConcurrent });
}
