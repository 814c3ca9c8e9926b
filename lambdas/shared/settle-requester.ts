import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { SettleRequest } from '../../core/events.ts';
import type { AttemptRef } from '../../core/ids.ts';

/** Hands attempts to `settle`, which takes its time: nobody waits for it. */
export class SettleRequester {
  constructor(
    private readonly client: LambdaClient,
    private readonly functionName: string,
  ) {}

  /** @param why what the request knows that the record does not, for the outcome's reason: `its execution ended ABORTED` */
  async request({ dispatchId, attempt }: AttemptRef, why: string): Promise<void> {
    const request: SettleRequest = { settle: { dispatchId, attempt, why } };
    await this.client.send(
      new InvokeCommand({
        FunctionName: this.functionName,
        InvocationType: 'Event',
        Payload: JSON.stringify(request),
      }),
    );
  }
}
