/** Loads and runs many generated definitions: `npx tsx test/local/stepfunctions/try-generated-machines.ts [count] [seed]`. */
import fc from 'fast-check';
import { generatedMachine, tryMachine } from './generated-machines.ts';

const [count = '5000', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
const verdicts = { refused: 0, ended: 0 };
console.log(`${count} definitions, seed ${seed}`);
await fc.assert(
  fc.asyncProperty(generatedMachine, async (machine) => {
    verdicts[await tryMachine(machine)] += 1;
  }),
  { numRuns: Number(count), seed: Number(seed) },
);
const share = Math.round((100 * verdicts.ended) / (verdicts.ended + verdicts.refused));
console.log(`${verdicts.refused} refused at load, ${verdicts.ended} ran to an end (${share} %)`);
