import { spawnSync } from 'node:child_process';

/** Runs a program to its end, gently. Returns what it printed; throws with all of it where it fails. */
export function runProgram(file: string, args: readonly string[], cwd?: string): string {
  const { status, error, stdout, stderr } = spawnSync('nice', ['-n', '10', file, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (status === 0) return stdout.trim();
  throw new Error(`\`${[file, ...args].join(' ')}\` failed: ${error?.message ?? lastOf(stdout + stderr)}`);
}

/** A build prints thousands of lines: the reason stands in the last ones. */
function lastOf(text: string): string {
  return text.trim().split('\n').slice(-40).join('\n');
}
