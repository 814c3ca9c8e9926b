import fc from 'fast-check';
import { describe, it } from 'vitest';
import { racedPlaceInMemory, recordLifeInMemory, useRecordLife } from './record-life/use-record-life.ts';

// The same lives every time: `record-life.slow.ts` lives others.
const SEED = 2026;

describe('an attempt begins once and ends once, along the table of transitions, whatever happens in whatever order', () => {
  const onDynamoDb = useRecordLife();

  it('on the embedded DynamoDB', async () => {
    await fc.assert(onDynamoDb(), { numRuns: 4, seed: SEED });
  }, 60_000);

  it('on tables in memory', async () => {
    await fc.assert(recordLifeInMemory(), { numRuns: 100, seed: SEED });
  }, 60_000);
});

it('keeps the place of a dispatch that takes it again while sweeps are about to free it, in whatever order', async () => {
  await fc.assert(racedPlaceInMemory(), { numRuns: 100, seed: SEED });
}, 60_000);
