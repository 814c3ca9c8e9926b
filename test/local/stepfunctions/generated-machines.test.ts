import fc from 'fast-check';
import { expect, it } from 'vitest';
import { generatedMachine, tryMachine, type Verdict } from './generated-machines.ts';

const MACHINES = 400;

it('refuses a generated definition at load, or runs it to a proper end', async () => {
  const verdicts: Verdict[] = [];

  await fc.assert(
    fc.asyncProperty(generatedMachine, async (machine) => {
      verdicts.push(await tryMachine(machine));
    }),
    { numRuns: MACHINES },
  );

  const ended = verdicts.filter((verdict) => verdict === 'ended').length;
  expect(ended / verdicts.length).toBeGreaterThan(0.3);
}, 60_000);
