import type { DispatchRecord } from '../../core/dispatch-record.ts';
import type { DispatchSpec } from '../../core/dispatch-spec.ts';
import { isTerminal } from '../../core/dispatch-status.ts';
import type { DispatchRequested } from '../../core/events.ts';
import { attemptName } from '../../core/ids.ts';
import type { Slot } from '../../core/slot.ts';
import type { Tenant } from '../../core/tenant.ts';
import type { ExecutionInput } from '../../core/workflow.ts';
import { createApp } from '../../lambdas/api/app.ts';
import type { ApiCollaborators, Reservation } from '../../lambdas/api/collaborators.ts';
import { NOW } from './records.ts';

export const KEY = 'op_live_of-acme';
export const OTHER_KEY = 'op_live_of-rival';
export const SUSPENDED_KEY = 'op_live_of-idle';

const ARN = 'arn:aws:states:us-east-1:000000000000:execution:outpost-dispatch';

/** What the API has done to the world, in order and by name. */
export interface Deeds {
  readonly order: string[];
  readonly specs: DispatchSpec[];
  readonly requested: DispatchRequested[];
  readonly started: ExecutionInput[];
  readonly stopped: string[];
  readonly reservations: Reservation[];
  readonly reported: string[];
}

export interface ApiUnderTest {
  readonly deeds: Deeds;
  readonly records: Map<string, DispatchRecord>;
  readonly places: Set<string>;
  readonly slots: Slot[];
  /** Sends a request as the tenant `acme`, unless its headers say otherwise. */
  send(method: string, path: string, options?: { body?: unknown; headers?: Record<string, string> }): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly json: any;
}

/** Collaborators, and what they do, to be replaced. */
export type Changes = { readonly [Name in keyof ApiCollaborators]?: Partial<ApiCollaborators[Name]> };

/** The API over collaborators in memory; `changes` replaces some of what these do. */
export function apiUnderTest(changes: Changes = {}): ApiUnderTest {
  const deeds: Deeds = {
    order: [],
    specs: [],
    requested: [],
    started: [],
    stopped: [],
    reservations: [],
    reported: [],
  };
  const records = new Map<string, DispatchRecord>();
  const places = new Set<string>();
  const slots: Slot[] = [];
  const app = createApp(changed(inMemory(deeds, records, places, slots), changes));
  return {
    deeds,
    records,
    places,
    slots,
    send: async (method, path, { body, headers = { authorization: `Bearer ${KEY}` } } = {}) => {
      const isText = typeof body === 'string' || body instanceof Uint8Array;
      const response = await app.request(path, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
      });
      return { status: response.status, headers: response.headers, json: await response.json() };
    },
  };
}

function changed(api: ApiCollaborators, changes: Changes): ApiCollaborators {
  const together = Object.entries(changes).map(([name, change]) => {
    const before = api[name as keyof ApiCollaborators];
    return [name, typeof change === 'function' ? change : { ...(before as object), ...change }];
  });
  return { ...api, ...Object.fromEntries(together) };
}

function inMemory(
  deeds: Deeds,
  records: Map<string, DispatchRecord>,
  places: Set<string>,
  slots: readonly Slot[],
): ApiCollaborators {
  const tenants: Record<string, Tenant> = {
    acme: { tenantId: 'acme', status: 'ACTIVE', maxConcurrent: 2, createdAt: NOW },
    rival: { tenantId: 'rival', status: 'ACTIVE', maxConcurrent: 2, createdAt: NOW },
    idle: { tenantId: 'idle', status: 'SUSPENDED', maxConcurrent: 2, createdAt: NOW },
  };
  const ids = Array.from({ length: 9 }, (_, index) => `01J9ZK6W3N8R5T7V9X1Y3Z5A0${index}`);
  return {
    keys: { tenantOf: async (key) => /^op_live_of-(\w+)$/.exec(key)?.[1] },
    dispatches: dispatchesInMemory(deeds, records),
    pool: { list: async (agentType) => slots.filter((slot) => slot.agentType === agentType) },
    tenants: {
      get: async (tenantId) => tenants[tenantId],
      takePlace: async (_, name, max) => {
        deeds.order.push('place');
        if (places.size >= max && !places.has(name)) return false;
        places.add(name);
        return true;
      },
      freePlace: async (_, name) => void places.delete(name),
    },
    specs: {
      putSpec: async (spec) => {
        deeds.order.push('spec');
        deeds.specs.push(spec);
        return true;
      },
      refreshSpec: async () => {
        deeds.order.push('spec');
        return true;
      },
    },
    artifacts: {
      getManifest: async () => undefined,
      presign: async (key, seconds, name) => `https://s3.test/${key}?expires=${seconds}&name=${name}`,
    },
    events: {
      requested: async (event) => {
        deeds.order.push('event');
        deeds.requested.push(event);
      },
      ended: async () => void deeds.order.push('ended'),
    },
    metrics: { ended: () => undefined, settled: () => undefined },
    executions: {
      start: async (input) => {
        deeds.order.push('execution');
        deeds.started.push(input);
      },
      history: async () => undefined,
      arnOf: (ref) => `${ARN}:${attemptName(ref)}`,
    },
    tasks: { stop: async (taskArn, why) => void deeds.stopped.push(`${taskArn} ${why}`) },
    agentLog: { read: async () => ({ lines: [{ timestamp: NOW, message: 'hello' }], nextToken: 'f/1' }) },
    reserveId: async (reservation) => {
      deeds.reservations.push(reservation);
      return '01J9ZK6W3N8R5T7V9X1Y3Z5AZZ';
    },
    newId: () => ids.shift() ?? '',
    now: () => new Date(NOW),
    report: (error) => deeds.reported.push(error.message),
  };
}

function dispatchesInMemory(deeds: Deeds, records: Map<string, DispatchRecord>): ApiCollaborators['dispatches'] {
  return {
    get: async (dispatchId) => records.get(dispatchId),
    postedSince: async (status, since) =>
      [...records.values()].filter((record) => record.status === status && record.createdAt >= since),
    create: async (record) => {
      deeds.order.push('record');
      if (records.has(record.dispatchId)) return false;
      records.set(record.dispatchId, record);
      return true;
    },
    requestCancel: async (dispatchId, now) => {
      deeds.order.push('cancel');
      const record = records.get(dispatchId);
      if (!record || record.endedAt !== undefined) return undefined;
      const cancelled = { ...record, cancelRequestedAt: record.cancelRequestedAt ?? now };
      records.set(dispatchId, cancelled);
      return cancelled;
    },
    end: async () => false,
    markPublished: async () => true,
    replay: async ({ dispatchId, attempt, key, now }) => {
      deeds.order.push('replay');
      const record = records.get(dispatchId);
      if (record?.attempt !== attempt || !isTerminal(record.status) || record.replayKeys?.has(key)) return undefined;
      const { endedAt: _, publishedAt: __, ...kept } = record;
      const next: DispatchRecord = {
        ...kept,
        attempt: attempt + 1,
        status: 'PENDING',
        attemptedAt: now.toISOString(),
        replayKeys: new Set([...(record.replayKeys ?? []), key]),
      };
      records.set(dispatchId, next);
      return next;
    },
  };
}
