import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { InvalidArgumentError, Option } from 'commander';
import { command, runCommand } from '../local/cli/command-line.ts';
import { type AwsTarget, localOption, reaching } from './aws-target.ts';
import { isConfirmed } from './confirm.ts';
import { type DeadLetterQueue, deadLetterQueueNames, openDeadLetterQueue } from './redrive/dead-letter-queue.ts';
import { look } from './redrive/look.ts';
import { type Invoke, type SentBack, sendBack } from './redrive/send-back.ts';
import { eventCount, letterText, refusalText } from './redrive/texts.ts';
import { openProgressLine } from './replay/progress-line.ts';

interface Options {
  readonly queue: string;
  readonly limit: number;
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

Without --local it uses the AWS credentials and region of the environment. What Lambda does not accept stays in the queue,
and so does what comes to it while the command runs.`;

const program = command('redrive', 'Hands the events in a dead-letter queue to their function once more.')
  .requiredOption('--queue <name>', 'the queue, or its function')
  .addOption(
    new Option('--limit <n>', 'at most so many').argParser(wholeNumber).default(Number.POSITIVE_INFINITY, 'all'),
  )
  .option('--dry-run', 'show them, and leave them where they are')
  .option('--yes', 'send them back without asking')
  .option('--prefix <prefix>', "the deployment's resource prefix", 'outpost')
  .addOption(localOption())
  .addHelpText('after', EXAMPLES);

await runCommand<Options>(program, (options) => reaching(options.local, (target) => redrive(target, options)));

async function redrive(target: AwsTarget, { limit, prefix, dryRun, yes, ...options }: Options): Promise<number> {
  const { functionName, queueName } = deadLetterQueueNames(options.queue, prefix);
  const queue = await openDeadLetterQueue(new SQSClient(target), queueName, prefix);
  const startedAt = new Date();
  const count = await show(queue, dryRun ? limit : Math.min(limit, SHOWN));
  if (dryRun || count === 0) {
    console.log(`${eventCount(count)} in ${queueName}`);
    return 0;
  }
  const all = Math.min(limit, Math.max(count, await queue.count()));
  if (!yes && !(await isConfirmed(`Hand about ${eventCount(all)} to ${functionName} once more?`))) return 1;
  return report(await run(queue, invoker(target, functionName), limit, startedAt), functionName);
}

/** For `--limit`. */
function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It takes a whole number from 1 to 9999999.');
}

async function show(queue: DeadLetterQueue, most: number): Promise<number> {
  return look(queue, most, (letter) => console.log(letterText(letter)));
}

function invoker(target: AwsTarget, FunctionName: string): Invoke {
  const client = new LambdaClient(target);
  return async (Payload) => {
    await client.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
  };
}

async function run(queue: DeadLetterQueue, invoke: Invoke, limit: number, before: Date): Promise<SentBack> {
  const line = openProgressLine(process.stderr, () => performance.now());
  try {
    return await sendBack(queue, invoke, { limit, before, show: (accepted) => line.show(`${accepted} handed over`) });
  } finally {
    line.close();
  }
}

function report({ accepted, refused }: SentBack, functionName: string): number {
  console.log(`${functionName} was handed ${eventCount(accepted)} once more`);
  if (refused.length === 0) return 0;
  console.error(`Not accepted, and left in the queue:\n${refused.map((one) => `  ${refusalText(one)}`).join('\n')}`);
  return 1;
}
