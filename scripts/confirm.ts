import { createInterface } from 'node:readline';
import { UsageError } from '../local/cli/command-line.ts';

/**
 * Asks a person on the terminal; anything but a yes is a no.
 * @throws UsageError where nobody is there to be asked
 */
export async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('nobody is there to be asked: say --yes, or --dry-run');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    // Ctrl-C and Ctrl-D close it without an answer.
    terminal.once('close', () => {
      console.error('Nothing was done.');
      resolve(false);
    });
    terminal.question(`${question} [y/N] `, (answer) => {
      if (!/^y(es)?$/i.test(answer.trim())) return terminal.close();
      terminal.removeAllListeners('close').close();
      resolve(true);
    });
  });
}
