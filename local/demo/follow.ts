import { setTimeout as sleep } from 'node:timers/promises';
import type { DispatchView } from '../../lambdas/api/wire.ts';
import type { ApiClient } from './api-client.ts';
import type { Display } from './display.ts';

const POLL_MS = 250;
const TERMINAL = ['success', 'failed', 'timeout', 'cancelled'];

/** Shows a dispatch's statuses and log lines as they come, until it has ended and its log has run dry. */
export async function follow(
  api: ApiClient,
  dispatchId: string,
  display: Display,
  signal: AbortSignal,
): Promise<DispatchView> {
  let status = '';
  let logsAfter: string | undefined;
  for (;;) {
    const dispatch = await api.dispatch(dispatchId, logsAfter);
    const lines = dispatch.logs?.lines ?? [];
    logsAfter = dispatch.logs?.nextToken ?? logsAfter;
    for (const { message } of lines) display.log(message);
    if (dispatch.status !== status) display.status(dispatch.status);
    status = dispatch.status;
    if (TERMINAL.includes(status) && lines.length === 0) return dispatch;
    await sleep(POLL_MS, undefined, { signal });
  }
}
