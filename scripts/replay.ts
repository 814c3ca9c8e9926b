import { setTimeout as wait } from 'node:timers/promises';
import { Option } from 'commander';
import type { AgentName } from '../core/agents.ts';
import type { TerminalStatus } from '../core/dispatch-status.ts';
import { command, runCommand, UsageError } from '../local/cli/command-line.ts';
import { type AwsTarget, localOption, reaching } from './aws-target.ts';
import { isConfirmed } from './confirm.ts';
import { askForReplays, type ReplayResult } from './replay/ask-for-replays.ts';
import { type Deployment, openDeployment } from './replay/deployment.ts';
import { agent, endings, moment, rate } from './replay/options.ts';
import { planReplay, type ReplayPlan } from './replay/plan.ts';
import { openProgressLine } from './replay/progress-line.ts';
import { dispatchCount, planText, progressText } from './replay/texts.ts';
import { tenantId } from './tenant-id.ts';

interface Options {
  readonly since: string;
  readonly until: string;
  readonly status: readonly TerminalStatus[];
  readonly includeSuccess?: true;
  readonly agent?: AgentName;
  readonly tenant?: string;
  readonly rate: number;
  readonly again?: true;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly prefix: string;
  readonly local?: string | true;
}

const EXAMPLES = `
  npm run replay -- --since 2026-03-01T08:00:00Z --until 2026-03-01T12:00:00Z --dry-run
  npm run replay -- --since 3h --status failed --agent shell --rate 2 --local

Without --local it uses the AWS credentials and region of the environment. It may be interrupted at any time: the same
command goes on where it was, because it leaves out what it has replayed before.`;

const USUAL_ENDINGS: [value: readonly TerminalStatus[], inWords: string] = [['FAILED', 'TIMEOUT'], 'failed,timeout'];

const toMoment = moment(new Date());
const program = command('replay', 'Runs dispatches that have ended once more, each as its next attempt.')
  .requiredOption('--since <time>', 'those posted from then on: 2026-03-01T12:00:00Z, or 90m, 2h, 3d ago', toMoment)
  .addOption(new Option('--until <time>', 'and up to then').argParser(toMoment).default(toMoment('now'), 'now'))
  .addOption(new Option('--status <names>', 'those that ended so').argParser(endings).default(...USUAL_ENDINGS))
  .option('--include-success', 'those as well that ended as success')
  .option('--agent <name>', 'of this agent alone', agent)
  .option('--tenant <id>', 'of this tenant alone', tenantId)
  .option('--rate <n>', 'how many to start a second', rate, 5)
  .option('--again', 'those as well that this command has replayed before')
  .option('--dry-run', 'list them, and start nothing')
  .option('--yes', 'start them without asking')
  .option('--prefix <prefix>', "the deployment's resource prefix", 'outpost')
  .addOption(localOption())
  .addHelpText('after', EXAMPLES);

await runCommand<Options>(program, (options) => reaching(options.local, (target) => replay(target, options)));

async function replay(target: AwsTarget, options: Options): Promise<number> {
  const statuses = statusesOf(options);
  if (options.until < options.since) throw new UsageError('--until is before --since: 3h is earlier than 1h');
  const deployment = await openDeployment(target, options.prefix);
  const { since, until, agent, tenant, again = false } = options;
  const plan = await planReplay(deployment, { statuses, since, until, agent, tenantId: tenant, again });
  console.log(planText(plan, options.dryRun ? Number.POSITIVE_INFINITY : undefined));
  if (options.dryRun || plan.dispatches.length === 0) return 0;
  if (!options.yes && !(await isConfirmed(`Start ${dispatchCount(plan.dispatches.length)} once more?`))) return 1;
  return report(await start(deployment, plan, options.rate), options);
}

function statusesOf({ status, includeSuccess }: Options): readonly TerminalStatus[] {
  if (includeSuccess) return [...new Set([...status, 'SUCCESS' as const])];
  if (status.includes('SUCCESS')) throw new UsageError('what has succeeded is replayed with --include-success alone');
  return status;
}

async function start(deployment: Deployment, { dispatches }: ReplayPlan, perSecond: number): Promise<ReplayResult> {
  const now = () => performance.now();
  const line = openProgressLine(process.stderr, now);
  const ground = { ...deployment, now, wait: async (milliseconds: number) => wait(milliseconds) };
  try {
    return await askForReplays(ground, dispatches, perSecond, (progress) => line.show(progressText(progress)));
  } finally {
    line.close();
  }
}

function report({ begun, missing }: ReplayResult, { prefix }: Options): number {
  console.log(`Begun: the next attempt of ${dispatchCount(begun)}`);
  if (missing.length === 0) return 0;
  console.error(
    `Not begun within a minute: ${missing.map(({ dispatchId }) => dispatchId).join(' ')}\n` +
      `The log of ${prefix}-replay says why. What fails three times waits in ${prefix}-replay-dead-letters, for npm run redrive.`,
  );
  return 1;
}
