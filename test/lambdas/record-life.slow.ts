import fc from 'fast-check';
import { describe, it } from 'vitest';
import { recordLifeInMemory, useRecordLife } from './record-life/use-record-life.ts';

/** Lives on tables in memory; on the embedded DynamoDB, which is slower, one in forty of them. */
const LIVES = Number(process.env['LIVES'] ?? 250);

// Other lives every time; where one breaks a rule, fast-check says the seed and path by which it comes again.
describe('an attempt begins once and ends once, along the table of transitions, in lives that nobody has lived yet', () => {
  const onDynamoDb = useRecordLife();

  it('on the embedded DynamoDB', async () => {
    await fc.assert(onDynamoDb(), { numRuns: Math.ceil(LIVES / 40) });
  }, 900_000);

  it('on tables in memory', async () => {
    await fc.assert(recordLifeInMemory(), { numRuns: LIVES });
  }, 900_000);
});
