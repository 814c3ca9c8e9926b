import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { InvalidArgumentError, Option } from 'commander';
import { command, ExplainedError, runCommand, UsageError } from '../local/cli/command-line.ts';
import { type AwsTarget, localOption, reaching } from './aws-target.ts';
import { isConfirmed } from './confirm.ts';
import { type DeadLetterQueue, deadLetterQueueNames, openDeadLetterQueue } from './redrive/dead-letter-queue.ts';
import { look } from './redrive/look.ts';
import { type Invoke, type SendBackOptions, type SentBack, sendBack } from './redrive/send-back.ts';
import { eventCount, letterText, refusalText } from './redrive/texts.ts';
import { openProgressLine } from './replay/progress-line.ts';

interface Options {
  readonly queue: string;
  readonly limit: number;
  readonly message?: string;
  readonly drop?: true;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly prefix: string;
  readonly local?: string | true;
}

/** Events that are shown before the question; a dry run shows all. */
const SHOWN = 20;

const EXAMPLES = `
  npm run redrive -- --queue settle --dry-run
  npm run redrive -- --queue outpost-replay-dead-letters --limit 100 --yes --local
  npm run redrive -- --queue replay --message 6f1b… --drop

Without --local it uses the AWS credentials and region of the environment. What Lambda does not accept stays in the queue,
and so does what comes to it while the command runs.`;

const program = command('redrive', 'Hands the events in a dead-letter queue to their function once more.')
  .requiredOption('--queue <name>', 'the queue, or its function')
  .addOption(
    new Option('--limit <n>', 'at most so many').argParser(wholeNumber).default(Number.POSITIVE_INFINITY, 'all'),
  )
  .option('--message <id>', 'this one alone, by the id that a dry run shows')
  .option('--drop', 'delete it, as something that no function will ever handle; with --message')
  .option('--dry-run', 'show them, and leave them where they are')
  .option('--yes', 'send them back without asking')
  .option('--prefix <prefix>', "the deployment's resource prefix", 'outpost')
  .addOption(localOption())
  .addHelpText('after', EXAMPLES);

await runCommand<Options>(program, (options) => reaching(options.local, (target) => redrive(target, options)));

async function redrive(
  target: AwsTarget,
  { limit, prefix, dryRun, yes, message, drop, ...options }: Options,
): Promise<number> {
  if (drop && message === undefined) throw new UsageError('--drop deletes one event alone: name it with --message');
  const { functionName, queueName } = deadLetterQueueNames(options.queue, prefix);
  const queue = await openDeadLetterQueue(new SQSClient(target), queueName, prefix);
  const startedAt = new Date();
  const count = await show(queue, dryRun ? limit : Math.min(limit, SHOWN), message);
  if (message !== undefined && count === 0) throw new ExplainedError(`there is no event ${message} in ${queueName}`);
  if (dryRun || count === 0) {
    console.log(`${eventCount(count)} in ${queueName}`);
    return 0;
  }
  const all = message === undefined ? Math.min(limit, Math.max(count, await queue.count())) : 1;
  const question = drop ? 'Delete it for good?' : `Hand about ${eventCount(all)} to ${functionName} once more?`;
  if (!yes && !(await isConfirmed(question))) return 1;
  const invoke = drop ? async () => {} : invoker(target, functionName);
  const done = await run(queue, invoke, { limit, only: message, before: startedAt });
  return report(
    done,
    drop ? `Deleted ${eventCount(done.accepted)}` : `${functionName} was handed ${eventCount(done.accepted)} once more`,
  );
}

/** For `--limit`. */
function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It takes a whole number from 1 to 9999999.');
}

/** Returns how many of those that are meant it has shown. */
async function show(queue: DeadLetterQueue, most: number, only?: string): Promise<number> {
  let shown = 0;
  await look(queue, only === undefined ? most : Number.POSITIVE_INFINITY, (letter) => {
    if (only !== undefined && letter.messageId !== only) return;
    console.log(letterText(letter));
    shown += 1;
  });
  return shown;
}

function invoker(target: AwsTarget, FunctionName: string): Invoke {
  const client = new LambdaClient(target);
  return async (Payload) => {
    await client.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
  };
}

async function run(queue: DeadLetterQueue, invoke: Invoke, which: Omit<SendBackOptions, 'show'>): Promise<SentBack> {
  const line = openProgressLine(process.stderr, () => performance.now());
  try {
    return await sendBack(queue, invoke, { ...which, show: (accepted) => line.show(`${accepted} done`) });
  } finally {
    line.close();
  }
}

function report({ refused }: SentBack, what: string): number {
  console.log(what);
  if (refused.length === 0) return 0;
  console.error(`Not accepted, and left in the queue:\n${refused.map((one) => `  ${refusalText(one)}`).join('\n')}`);
  return 1;
}
