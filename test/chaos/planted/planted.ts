import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { command, runCommand } from '../../../local/cli/command-line.ts';
import { brokenCopy, PLANTED_BUGS, type PlantedBug } from './broken-copy.ts';

/** The seeds of the short form. */
const CHAOS = ['--seed', '1', '--rounds', '10', '--at-once', '2', '--dispatches', '10', '--until-failed'];

const program = command(
  'chaos:planted',
  'Breaks the product in five ways, and holds that chaos finds each within ten seeds.',
);
program.argument('[names...]', 'those alone');
program.allowExcessArguments(true);

await runCommand(program, async () => {
  const wanted = PLANTED_BUGS.filter(({ name }) => program.args.length === 0 || program.args.includes(name));
  let missed = 0;
  for (const bug of wanted) {
    const began = Date.now();
    const found = await isFound(bug);
    if (!found) missed += 1;
    console.log(`${found ? 'found' : 'MISSED'} ${bug.name} after ${Math.round((Date.now() - began) / 1000)} s`);
  }
  return missed === 0 ? 0 : 1;
});

/** Prints the lines that say which seed failed, and what was violated. */
async function isFound(bug: PlantedBug): Promise<boolean> {
  const folder = brokenCopy(bug);
  try {
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/chaos/chaos.ts', ...CHAOS], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
    for await (const line of createInterface(child.stdout)) {
      // Timelines are indented further.
      if (/^( {2})?\S/.test(line)) console.log(`  ${line.slice(0, 200)}`);
    }
    const code = await exit;
    if (code !== 0 && code !== 1) throw new Error(`Chaos ended with ${code}.`);
    return code === 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
