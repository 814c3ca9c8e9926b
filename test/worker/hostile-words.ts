import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

/** What something that must not run would leave, in its current folder where it has no path. */
export const MARK = 'RAN';

export function canaryIn(folder: string): string {
  return join(folder, MARK);
}

/** In words that have no space and no slash, as branches and names of files. */
export const RUNS_IN_SHELL = `$(touch$${'{IFS}'}${MARK})`;

/** Where marks lie: below these folders, and where programs of the worker have their current folder. */
export function marksBelow(...folders: string[]): string[] {
  const found = execFileSync('find', [...folders, '-name', MARK], { encoding: 'utf8' });
  return [...found.split('\n').slice(0, -1), ...[`/${MARK}`, MARK].filter((path) => existsSync(path))];
}

/** Texts that would run a command wherever one of them reached a shell, or be an option wherever it came first. */
export function hostileTexts(canary: string): string[] {
  return [
    `$(touch ${canary})`,
    `\`touch ${canary}\``,
    `"; touch ${canary}; "`,
    `'; touch ${canary}; '`,
    `\n\ntouch ${canary}\n`,
    `| touch ${canary} &`,
    `--help\n-rf --version`,
    `-c 'touch ${canary}'`,
    '@/etc/passwd',
    '../../../../etc/passwd',
    '%s%n%x $HOME $[1+1] ~ * ? [a] {a,b} \\n \\',
    '\u0000\u0001\u001b[2J\u007f\u0085',
    '\r\n\r\n \t ',
    '\u202e\u2028\ufeff\ufffe🦀é日本',
    'EOF\nEND\n```\n"""\n\'\'\'',
  ];
}

/** A name of a file, in bytes: whatever Linux takes, and above all what programs stumble over. */
export function hostileName(): fc.Arbitrary<Buffer> {
  const piece = fc.oneof(
    fc.constantFrom(
      '\n',
      '-',
      '--',
      '..',
      '.',
      ' ',
      '"',
      "'",
      '`',
      '$',
      '\\',
      '\t',
      '\r',
      '*',
      ':',
      '~',
      '\u001b[2J',
      '\u2028',
      'é',
      'x',
    ),
    fc.constantFrom('$(id)', '`id`', '-rf', '--force', '\\n', '%00', '&amp;', '{"a":1}', '🦀', 'x'.repeat(254)),
    fc.constantFrom(RUNS_IN_SHELL, ...hostileTexts(MARK).map((text) => text.replaceAll('\0', ''))),
  );
  const text = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => Buffer.from(pieces.join('')));
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 255, min: 1 }).map((content) => Buffer.from(content));
  return fc
    .oneof({ weight: 3, arbitrary: text }, bytes)
    .map((name) => Buffer.from(name.subarray(0, 255).filter((byte) => byte !== 0x2f)))
    .filter((name) => name.length > 0 && !SPECIAL.test(name.toString('latin1')));
}

/** Names that mean something to the system, to git or to Outpost. */
const SPECIAL = /^(\.{1,2}|\.git(ignore|attributes)?|git~\d+|\.outpostignore)$/i;
