import type { DispatchView, OutputView, Trace } from '../../lambdas/api/wire.ts';

/** An answer of the API that is not a success, in the API's own words. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The calls of the API that the demo makes, as any client would. */
export class ApiClient {
  constructor(
    private readonly baseUrl: string,
    private readonly apiKey: string,
  ) {}

  submit(request: { agent: string; task: string; timeoutSeconds: number }): Promise<DispatchView> {
    return this.call('POST', '/dispatch', request);
  }

  dispatch(id: string, logsAfter: string | undefined): Promise<DispatchView> {
    const after = logsAfter === undefined ? '' : `&logsAfter=${encodeURIComponent(logsAfter)}`;
    return this.call('GET', `/dispatch/${id}?logs=500${after}`);
  }

  trace(id: string): Promise<Trace> {
    return this.call('GET', `/dispatch/${id}/trace`);
  }

  artifacts(id: string): Promise<OutputView> {
    return this.call('GET', `/artifacts/${id}`);
  }

  cancel(id: string): Promise<DispatchView> {
    return this.call('DELETE', `/dispatch/${id}`);
  }

  private async call<Data>(method: string, path: string, body?: unknown): Promise<Data> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as {
      success?: boolean;
      data?: Data;
      error?: { code: string; message: string };
    };
    if (answer.success && answer.data !== undefined) return answer.data;
    throw new ApiError(response.status, answer.error?.code ?? 'UNKNOWN', answer.error?.message ?? response.statusText);
  }
}
