import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { DefinitionError } from '../local/stepfunctions/asl/definition-error.ts';
import { firstDifference } from '../local/stepfunctions/conformance/compare.ts';
import { Recording } from '../local/stepfunctions/conformance/recording.ts';
import { replay } from '../local/stepfunctions/conformance/replay.ts';

type Result =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'skipped'; readonly why: string };

async function main(): Promise<number> {
  const { folder, verbose } = readArguments();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of recordingsIn(folder)) {
    const result = await check(file);
    counts[result.kind] += 1;
    if (result.kind === 'failed') console.log(`FAILED  ${basename(file, '.json')}: ${result.why}`);
    else if (verbose && result.kind === 'skipped') console.log(`skipped ${basename(file, '.json')}: ${result.why}`);
    else if (verbose) console.log(`passed  ${basename(file, '.json')}`);
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed > 0 ? 1 : 0;
}

function readArguments(): { folder: string; verbose: boolean } {
  const command = new Command('conformance')
    .description('Replays executions that AWS recorded on the embedded Step Functions, and compares the histories.')
    .argument('<folder>', 'folder of recordings, one JSON file each')
    .option('--verbose', 'name what passed, and why the others were skipped', false)
    .exitOverride()
    .parse();
  const [folder = ''] = command.args;
  return { folder, verbose: command.opts<{ verbose: boolean }>().verbose };
}

function recordingsIn(folder: string): readonly string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  if (files.length === 0) throw new Error(`The folder '${folder}' holds no recordings.`);
  return files.sort().map((file) => join(folder, file));
}

async function check(file: string): Promise<Result> {
  const parsed = Recording.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) return { kind: 'failed', why: `not a recording: ${parsed.error.message}` };
  try {
    const difference = firstDifference(parsed.data, await replay(parsed.data));
    return difference ? { kind: 'failed', why: difference } : { kind: 'passed' };
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    return { kind: error.refusal === 'INVALID' ? 'failed' : 'skipped', why: error.message };
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  // Commander has said what is wrong; anything else says so itself.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
