import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { drawing } from './drawing/layout.ts';
import { Definition, stateGraph } from './drawing/state-graph.ts';
import { svg } from './drawing/svg.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EXTENSION = '.asl.json';

/** The picture of a state machine, as SVG. The same definition yields the same text. */
export function drawStateMachine(definition: unknown, name: string): string {
  return svg(drawing(stateGraph(Definition.parse(definition))), `State machine: ${name}`);
}

/** Draws `docs/<name>.svg` of every `state-machines/<name>.asl.json`; with `check` only says which would change. */
async function drawAll({ check }: { check?: boolean }): Promise<void> {
  const files = (await readdir(join(ROOT, 'state-machines'))).filter((file) => file.endsWith(EXTENSION));
  for (const file of files) {
    const name = basename(file, EXTENSION);
    const picture = join('docs', `${name}.svg`);
    const definition: unknown = JSON.parse(await readFile(join(ROOT, 'state-machines', file), 'utf8'));
    const drawn = drawStateMachine(definition, name);
    const current = await readFile(join(ROOT, picture), 'utf8').catch(() => undefined);
    if (drawn === current) continue;
    if (check) {
      console.error(`${picture} is not what state-machines/${file} yields: run npm run draw`);
      process.exitCode = 1;
    } else {
      await writeFile(join(ROOT, picture), drawn);
      console.log(`Drew ${picture}`);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await new Command('draw-state-machine')
    .description('Draws docs/<name>.svg from every state-machines/<name>.asl.json')
    .option('--check', 'draw nothing; exit with 1 if a picture is not what its file yields')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .action(drawAll)
    .parseAsync();
}
