import { setTimeout as sleep } from 'node:timers/promises';
import type { DispatchView, Trace } from '../../lambdas/api/wire.ts';
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
    const ended = TERMINAL.includes(dispatch.status);
    const now = statusOf(dispatch);
    if (now !== status && !ended) display.status(now);
    status = now;
    if (ended && lines.length === 0) return dispatch;
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** What is going on: also what it waits for, where its agent cannot begin yet. */
export function statusOf({ status, waitingFor }: Pick<DispatchView, 'status' | 'waitingFor'>): string {
  if (waitingFor === undefined) return status;
  return `${status}: waits for the workspace ${waitingFor.workspace}, which ${waitingFor.dispatchId} has`;
}

/** The trace once its execution has ended, which is a moment after its dispatch has. */
export async function wholeTrace(api: ApiClient, dispatchId: string, signal: AbortSignal): Promise<Trace> {
  for (;;) {
    const trace = await api.trace(dispatchId);
    if (trace.status !== 'running') return trace;
    await sleep(POLL_MS, undefined, { signal });
  }
}
