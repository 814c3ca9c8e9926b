import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { EmbeddedProcess } from './killable-aws.ts';

/** The functions that a schedule calls every minute. */
export const SWEEP = 'outpost-sweep';
export const MANAGER = 'outpost-manage-pool';

/**
 * Calls what the schedule would call before long, as it does; rejects where there is no such function, or nobody hears.
 * What the function says is its own: the next call comes.
 */
export async function callScheduled({ operator }: Pick<EmbeddedProcess, 'operator'>): Promise<void> {
  const client = new LambdaClient(operator);
  const Payload = JSON.stringify({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} });
  const calls = [SWEEP, MANAGER].map((FunctionName) => client.send(new InvokeCommand({ FunctionName, Payload })));
  try {
    await Promise.all(calls);
  } finally {
    client.destroy();
  }
}
