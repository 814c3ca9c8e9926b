import fc from 'fast-check';
import { it } from 'vitest';
import { useRecordLife } from './record-life/use-record-life.ts';

const property = useRecordLife();

it('begins an attempt once and ends it once, along the table of transitions, whatever happens in whatever order', async () => {
  // The same few lives every time: `record-life.slow.ts` lives many others.
  await fc.assert(property(), { numRuns: 12, seed: 2026 });
}, 60_000);
