import fc from 'fast-check';
import { it } from 'vitest';
import { useRecordLife } from './record-life/use-record-life.ts';

const LIVES = 250;

const property = useRecordLife();

it(`keeps the rules of a record's life in ${LIVES} lives, other ones every time`, async () => {
  await fc.assert(property(), { numRuns: LIVES });
}, 600_000);
