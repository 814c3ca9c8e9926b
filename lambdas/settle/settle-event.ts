import { z } from 'zod';
import { ExecutionStatusChange, SettleRequest } from '../../core/events.ts';
import { type AttemptRef, parseAttemptName } from '../../core/ids.ts';
import type { Executions } from '../shared/executions.ts';
import { type EndedExecution, executionOfEvent, executionOfRequest } from './ended-execution.ts';

/** What the function is called with: Step Functions' own event, or somebody who has seen that an attempt gets nowhere. */
export const SettleEvent = z.union([ExecutionStatusChange, SettleRequest]);
export type SettleEvent = z.infer<typeof SettleEvent>;

export interface SettleOrder {
  readonly ref: AttemptRef;
  readonly execution: EndedExecution;
}

/** Which attempt is to be settled, and what became of its execution; `undefined` where the execution is not ours. */
export async function readOrder(
  executions: Pick<Executions, 'describe'>,
  event: SettleEvent,
): Promise<SettleOrder | undefined> {
  if ('settle' in event) {
    const { why, ...ref } = event.settle;
    return { ref, execution: executionOfRequest(await executions.describe(ref), why) };
  }
  const ref = parseAttemptName(event.detail.name);
  return ref && { ref, execution: executionOfEvent(event.detail) };
}
