import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { eventsPage } from './event-docs/page.ts';

const PAGE = fileURLToPath(new URL('../docs/EVENTS.md', import.meta.url));

/** Writes `docs/EVENTS.md`; with `check` only says whether it would change. */
async function writeEventDocs({ check }: { check?: boolean }): Promise<void> {
  const page = eventsPage();
  const current = await readFile(PAGE, 'utf8').catch(() => undefined);
  if (page === current) return;
  if (check) {
    console.error('docs/EVENTS.md is not what core/events.ts yields: run npm run docs:events');
    process.exitCode = 1;
  } else {
    await writeFile(PAGE, page);
    console.log('Wrote docs/EVENTS.md');
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await new Command('write-event-docs')
    .description('Writes docs/EVENTS.md from the schemas in core/events.ts')
    .option('--check', 'write nothing; exit with 1 if the page is not what the schemas yield')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .action(writeEventDocs)
    .parseAsync();
}
