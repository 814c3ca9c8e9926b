import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { HostileOutpost } from '../hostile-outpost.ts';

const REQUEST_TIMEOUT_MS = 40_000;
const RETRY_AFTER_MS = 250;

const Answer = z.object({
  data: z.object({ dispatchId: z.string(), attempt: z.number(), status: z.string() }).nullish(),
  error: z.object({ code: z.string() }).nullish(),
});

/** One request of a client and what it heard; times in milliseconds since the epoch. */
export interface ClientRequest {
  readonly tenantId: string;
  readonly method: string;
  readonly path: string;
  readonly key?: string | undefined;
  /** Number of the task that it submits. */
  readonly number?: number | undefined;
  readonly at: number;
  readonly answeredAt: number;
  /** 0 where no answer came: whether it was done, nobody knows. */
  readonly status: number;
  readonly code?: string | undefined;
  /** The dispatch as the answer shows it, its status in lower case. */
  readonly shown?: { readonly dispatchId: string; readonly attempt: number; readonly status: string } | undefined;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly key?: string | undefined;
  readonly number?: number;
}

/** Somebody of a tenant, who asks again where no answer comes. */
export class Client {
  constructor(
    private readonly outpost: HostileOutpost,
    readonly tenantId: string,
    private readonly apiKey: string,
    private readonly log: ClientRequest[],
  ) {}

  /** Once, whatever comes of it. */
  async ask(method: string, path: string, options: RequestOptions = {}): Promise<ClientRequest> {
    const { baseUrl } = await this.outpost.up();
    const at = Date.now();
    const heard = await this.send(`${baseUrl}${path}`, method, options);
    const { key, number } = options;
    const request = { tenantId: this.tenantId, method, path, key, number, at, answeredAt: Date.now(), ...heard };
    this.log.push(request);
    return request;
  }

  /** Until it is answered otherwise than by our own failure or 429, or so many times. */
  async askUntilHeard(
    method: string,
    path: string,
    times: number,
    options: RequestOptions = {},
  ): Promise<ClientRequest> {
    for (let left = times; ; left -= 1) {
      const request = await this.ask(method, path, options);
      const inDoubt = request.status === 0 || request.status >= 500 || request.status === 429;
      const underWay = request.code === 'IDEMPOTENCY_IN_PROGRESS';
      if (!(inDoubt || underWay) || left <= 1) return request;
      await delay(RETRY_AFTER_MS);
    }
  }

  private async send(url: string, method: string, { body, key }: RequestOptions) {
    try {
      const response = await fetch(url, {
        method,
        headers: {
          'x-api-key': this.apiKey,
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const answer = Answer.safeParse(await response.json()).data;
      return { status: response.status, code: answer?.error?.code, shown: answer?.data ?? undefined };
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException)
        return { status: 0 };
      throw error;
    }
  }
}
