import { writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import { adaptiveFor, WAIT_PRICE } from '../core/adaptive-policy.ts';
import type { AgentName, PoolBounds } from '../core/agents.ts';
import { FARGATE_PRICE } from '../core/fargate-price.ts';
import { fixed } from '../core/pool-policy.ts';
import { command, ExplainedError, runCommand, UsageError } from '../local/cli/command-line.ts';
import type { BootTimes } from './simulation/agent-pool.ts';
import { agentBounds, agentShares, number, wholeNumber } from './simulation/command-options.ts';
import { COMPARED_LOADS, compare, type LoadComparison } from './simulation/comparison.ts';
import { comparisonText } from './simulation/comparison-text.ts';
import { poolChart } from './simulation/pool-chart.ts';
import { simulatePool } from './simulation/pool-simulation.ts';
import { reportTable, type SimulatedAgent } from './simulation/report-table.ts';
import { mostAtOnce } from './simulation/running-at-once.ts';
import { deployed, oracle, type SimulatedPolicy } from './simulation/simulated-policy.ts';
import { amount, markdownTable, textTable } from './simulation/text-table.ts';
import type { Trace } from './simulation/trace.ts';
import { BadCsv, traceOfFile } from './simulation/trace-csv.ts';
import { ImpossibleTrace, shapedTrace, TRACE_SHAPES, type TraceShape } from './simulation/trace-shapes.ts';

const POLICIES = ['fixed', 'adaptive', 'oracle'] as const;

interface Options {
  readonly trace?: string;
  readonly daily?: number;
  readonly peak?: number;
  readonly shape?: TraceShape;
  readonly burst?: number;
  readonly agents?: ReadonlyMap<AgentName, number>;
  readonly policy: (typeof POLICIES)[number];
  readonly bounds?: ReadonlyMap<AgentName, PoolBounds>;
  readonly waitPrice: number;
  readonly boot: number;
  readonly lead?: number;
  readonly seed: number;
  readonly svg?: string;
  readonly compare?: boolean;
  readonly markdown?: boolean;
}

/** The spread of an ECS task's boots: 5 % take half as long again as the median. */
const BOOT_SPREAD = 0.25;
/** How often the comparison simulates each setting, each time with another trace. */
const COMPARED_SEEDS = 3;
/** Into how many stretches the chart divides the trace: a day into ten minutes each. */
const STRETCHES = 144;
const CLAUDE: ReadonlyMap<AgentName, number> = new Map([['claude', 1]]);

const EXAMPLES = `
Examples:
  npm run simulate -- --daily 5000 --peak 100 --policy adaptive --bounds claude=0-100 --svg pool.svg
  npm run simulate -- --trace arrivals.csv --policy fixed
  npm run simulate -- --compare

A trace is a CSV file with a header: time (ISO 8601, or seconds), and perhaps agent and seconds (how long it ran).`;

const program = command('simulate', 'Simulates the warm pool: hit rate, waits, and what idle slots cost.')
  .option('--trace <file>', 'a CSV file of arrivals')
  .option('--daily <n>', 'instead of a file: a day of so many dispatches', wholeNumber(1, 1_000_000))
  .addOption(new Option('--shape <shape>', 'how they arrive (default: workday)').choices([...TRACE_SHAPES]))
  .option('--peak <m>', 'workday: run at once at most; bursts: arrive in one', wholeNumber(1, 100_000))
  .option('--burst <seconds>', 'bursts: how long one takes (default: 60)', number(1, 36_000))
  .option(
    '--agents <shares>',
    'agents of dispatches that name none, as in claude=2,codex (default: claude)',
    agentShares,
  )
  .addOption(new Option('--policy <policy>', 'what decides').choices([...POLICIES]).default('fixed'))
  .option('--bounds <bounds>', "slots at least and at most, as in claude=2-50 (default: the catalogue's)", agentBounds)
  .option('--wait-price <usd>', 'adaptive: what an hour of waiting is worth', number(0, 1_000_000), WAIT_PRICE)
  .option('--lead <seconds>', 'oracle: how long before a dispatch its slot is started', number(0, 86_400))
  .option('--boot <seconds>', "the median of an ECS task's boots", number(1, 3_600), 45)
  .option('--seed <n>', 'the same seed, the same figures', wholeNumber(0, 4_294_967_295), 1)
  .option('--svg <file>', 'draw the day as well')
  .option('--compare', 'instead: compare the policies at 2,000, 5,000 and 10,000 dispatches a day')
  .option('--markdown', 'print tables as Markdown')
  .addHelpText('after', EXAMPLES);

await runCommand<Options>(program, async (options) => {
  await (options.compare ? printComparison(options) : printSimulation(options));
  return 0;
});

async function printSimulation(options: Options): Promise<void> {
  const trace = await readTrace(options);
  const bootTimes = bootTimesOf(options);
  const records = simulatePool({
    trace,
    policy: policyOf(options, trace, bootTimes),
    bounds: options.bounds ?? new Map(),
    bootTimes,
    seed: options.seed,
    stretches: STRETCHES,
  });
  const agents = trace.agents.flatMap((agent, place): SimulatedAgent[] => {
    const record = records[place];
    return record && record.waits.length > 0 ? [{ agent, record }] : [];
  });
  const title = `${amount(trace.times.length)} dispatches in ${lengthOf(trace)}, policy ${options.policy}`;
  console.log(`${title}; at most ${amount(mostAtOnce(trace))} run at once\n`);
  console.log(reportTable(agents, options.markdown ? markdownTable : textTable));
  console.log(`\nPrices: Fargate ${FARGATE_PRICE.platform}, ${FARGATE_PRICE.region}, as of ${FARGATE_PRICE.asOf}.`);
  if (options.svg) {
    await writeFile(options.svg, poolChart({ title, start: trace.start, seconds: trace.seconds, agents })).catch(
      unwritable,
    );
    console.log(`Drew ${options.svg}`);
  }
}

async function printComparison(options: Options): Promise<void> {
  const seeds = Array.from({ length: COMPARED_SEEDS }, (_, place) => options.seed + place);
  const comparisons: LoadComparison[] = [];
  for (const load of COMPARED_LOADS) {
    process.stderr.write(`Simulating ${load.shape}, ${load.daily} a day …\n`);
    comparisons.push(compare(load, seeds, bootTimesOf(options)));
  }
  console.log(comparisonText(comparisons, options.markdown ? markdownTable : textTable));
}

async function readTrace(options: Options): Promise<Trace> {
  const { trace: file, daily, shape = 'workday', peak, burst, agents = CLAUDE, seed } = options;
  if (file !== undefined) {
    const unfit = (['daily', 'shape', 'peak', 'burst'] as const).find((name) => options[name] !== undefined);
    if (unfit) throw new UsageError(`--${unfit} makes a trace; it does not go with --trace, which reads one`);
    return traceOfFile(file, { agents, seed }).catch(unreadable(file));
  }
  if (daily === undefined) throw new UsageError('say --trace FILE, --daily N or --compare; --help tells more');
  if (shape === 'poisson' && peak !== undefined) throw new UsageError('a Poisson trace has no --peak');
  if (shape !== 'bursts' && burst !== undefined) throw new UsageError('--burst goes with --shape bursts alone');
  const asked = { shape, daily, agents, seed };
  try {
    return shapedTrace({
      ...asked,
      ...(peak === undefined ? {} : { peak }),
      ...(burst === undefined ? {} : { burstSeconds: burst }),
    });
  } catch (error) {
    if (error instanceof ImpossibleTrace) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function policyOf({ policy, waitPrice, lead }: Options, trace: Trace, boot: BootTimes): SimulatedPolicy {
  switch (policy) {
    case 'fixed':
      return deployed(fixed);
    case 'adaptive':
      return deployed(adaptiveFor(waitPrice));
    case 'oracle':
      // 98 % of the boots are over by then.
      return oracle(trace, lead ?? boot.median * Math.exp(2 * boot.spread));
  }
}

function bootTimesOf({ boot }: Options): BootTimes {
  return { median: boot, spread: BOOT_SPREAD };
}

function lengthOf({ seconds }: Trace): string {
  const hours = seconds / 3_600;
  return hours > 48 ? `${amount(hours / 24)} days` : `${amount(hours)} hours`;
}

function unreadable(file: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof BadCsv) throw new UsageError(error.message, { cause: error });
    if (error instanceof Error && 'code' in error) {
      throw new UsageError(`--trace ${file} cannot be read: ${error.message}`, { cause: error });
    }
    throw error;
  };
}

function unwritable(error: unknown): never {
  const why = error instanceof Error ? error.message : String(error);
  throw new ExplainedError(`the chart was not written: ${why}`, { cause: error });
}
