import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { AgentVariablesText } from '../../core/agent-variables.ts';
import { PoolText } from '../../core/pool-settings.ts';
import { GithubUrl } from '../../core/repository.ts';

/** What the caller of a command can put right: one line on standard error, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A failure whose message says all that its reader needs: it is shown without a stack, exit code 1. */
export class ExplainedError extends Error {
  override readonly name = 'ExplainedError';
}

/** A command whose unknown flags and bad values are usage errors, and whose help fits a screen. */
export function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, `${name}: `)) });
}

/** For `--port`: 0 takes any free one. */
export function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It takes a whole number from 0 to 65535.');
}

/** For `--pool`: the text as it came, once it is known to be right. */
export function poolBounds(text: string): string {
  const { success, error } = PoolText.safeParse(text);
  if (success) return text;
  throw new InvalidArgumentError(`It ${error.issues.map(({ message }) => message).join('; ')}.`);
}

/** For `--agent-env`: this one and those given before, each on a line of its own. */
export function agentVariables(text: string, before?: string): string {
  const { success, error } = AgentVariablesText.safeParse(text);
  if (!success) throw new InvalidArgumentError(`It ${error.issues.map(({ message }) => message).join('; ')}.`);
  return before === undefined ? text : `${before}\n${text}`;
}

/** For `--github-url`: the text as it came, once it is known to be right. */
export function githubAddress(text: string): string {
  const { success, error } = GithubUrl.safeParse(text);
  if (success) return text;
  throw new InvalidArgumentError(`It ${error.issues.map(({ message }) => message).join('; ')}.`);
}

/**
 * Parses the command line, runs the action, and ends the process: 0 done, 1 failed, 2 wrong usage.
 * @param act what the command does; a number it answers is the exit code
 */
export async function runCommand<Options>(
  program: Command,
  act: (options: Options) => Promise<number>,
): Promise<never> {
  process.stdout.on('error', ignoreClosedPipe);
  try {
    program.parse();
    process.exit(await act(program.opts() as Options));
  } catch (error) {
    process.exit(reportFailure(program.name(), error));
  }
}

/** Who pipes our output into `head` has read enough; what we serve goes on. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function reportFailure(name: string, error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) {
    console.error(`${name}: ${error.message}`);
    return 2;
  }
  const shown = error instanceof ExplainedError ? error.message : error instanceof Error ? error.stack : String(error);
  console.error(`${name}: ${shown}`);
  return 1;
}
