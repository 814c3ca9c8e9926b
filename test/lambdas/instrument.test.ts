import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { instrument } from '../../lambdas/shared/instrument.ts';

const CONTEXT = { functionName: 'outpost-in-test', awsRequestId: '1', getRemainingTimeInMillis: () => 1 } as Context;
const QUIET = new Logger({ logLevel: 'SILENT' });
const Event = z.object({ detail: z.object({ eventId: z.string(), attempt: z.int() }) });

it('says in a line which fields of an event are wrong, for whoever finds it among the dead letters', async () => {
  const handler = instrument('in-test', async (event: unknown) => Event.parse(event), QUIET);

  const answer = handler({ detail: { attempt: 'x' } }, CONTEXT);

  await expect(answer).rejects.toThrow(/^detail\.eventId: .*; detail\.attempt: [^\n]*$/);
  await expect(answer).rejects.toHaveProperty('name', 'InvalidInput');
});

it('throws on what the function throws as it is', async () => {
  const thrown = new Error('no place');
  const handler = instrument('in-test', () => Promise.reject(thrown), QUIET);

  await expect(handler({}, CONTEXT)).rejects.toBe(thrown);
});
