/**
 * Transitions a second of the embedded Step Functions beside a bare loop of the same evaluations, and what memory many
 * executions leave behind: `npx tsx --expose-gc test/bench/stepfunctions.ts`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import jsonata from 'jsonata';
import type { LocalAws } from '../../local/aws-service.ts';
import { loadDefinition } from '../../local/stepfunctions/asl/load-definition.ts';
import { systemClock } from '../../local/stepfunctions/engine/clock.ts';
import { Execution } from '../../local/stepfunctions/engine/execution.ts';
import type { ExecutionIdentity } from '../../local/stepfunctions/engine/execution-identity.ts';
import { Turns } from '../../local/stepfunctions/engine/turns.ts';
import { Executions } from '../../local/stepfunctions/executions.ts';
import { JsonText } from '../../local/stepfunctions/json.ts';
import {
  BENCH_EVALUATIONS,
  BENCH_EXPRESSIONS,
  BENCH_INPUT,
  BENCH_STATES,
  benchDefinition,
} from './stepfunctions-machine.ts';

const AT_ONCE = 500;
const ROUNDS = 5;
const EXECUTIONS_FOR_MEMORY = 10_000;

const STATE_MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:bench';
const folder = mkdtempSync(join(tmpdir(), 'stepfunctions-bench-'));
let ended = 0;
const aws: LocalAws = {
  region: 'us-east-1',
  accountId: '000000000000',
  folder: (service) => {
    mkdirSync(join(folder, service), { recursive: true });
    return join(folder, service);
  },
  endpoint: () => 'http://127.0.0.1:9',
  credentials: () => ({ accessKeyId: 'none', secretAccessKey: 'none' }),
  publish: ({ detail }) => {
    if ((detail as { status: string }).status !== 'RUNNING') ended += 1;
  },
  onEvent: () => () => {},
  log: () => {},
};
const executions = new Executions(aws, aws.folder('stepfunctions'));
const definition = loadDefinition(JSON.stringify(benchDefinition()));
const record = {
  stateMachineArn: STATE_MACHINE,
  name: 'bench',
  definition: '',
  roleArn: 'arn:aws:iam::000000000000:role/bench',
  creationDate: 0,
  revisionId: '',
};

function identityOf(name: string): ExecutionIdentity {
  return {
    executionArn: `${STATE_MACHINE.replace(':stateMachine:', ':execution:')}:${name}`,
    name,
    stateMachineArn: STATE_MACHINE,
    stateMachineName: 'bench',
    roleArn: record.roleArn,
    region: 'us-east-1',
  };
}

/** The engine alone: events are made and dropped. */
async function runOnEngine(count: number): Promise<number> {
  const turns = new Turns();
  const surroundings = {
    tasks: { run: () => Promise.reject(new Error('The bench has no Tasks.')) },
    clock: systemClock,
    random: Math.random,
    sink: { append: () => {} },
    turns,
  };
  const begin = performance.now();
  const run = (_: unknown, index: number) => {
    const request = { definition, identity: identityOf(`engine-${index}`), input: JsonText.of(BENCH_INPUT) };
    const execution = new Execution(request, surroundings);
    execution.start();
    return execution.run();
  };
  await Promise.all(Array.from({ length: count }, run));
  return performance.now() - begin;
}

/** The whole of it: histories on disk, status changes on the bus. */
async function runExecutions(count: number, prefix: string): Promise<number> {
  const begin = performance.now();
  const target = ended + count;
  for (let index = 0; index < count; index += 1) {
    executions.start({ record, definition }, identityOf(`${prefix}-${index}`), JsonText.of(BENCH_INPUT));
  }
  while (ended < target) await new Promise((resolve) => setImmediate(resolve));
  return performance.now() - begin;
}

/** The same evaluations with nothing around them: what JSONata alone takes. */
async function bareLoop(count: number): Promise<number> {
  const expressions = BENCH_EXPRESSIONS.map((source) => jsonata(source));
  const bindings = { states: { input: BENCH_INPUT, context: { Execution: { Name: 'bench' } } } };
  const begin = performance.now();
  for (let execution = 0; execution < count; execution += 1) {
    for (let index = 0; index < BENCH_EVALUATIONS; index += 1) {
      await expressions[index % expressions.length]?.evaluate(undefined, bindings);
    }
  }
  return performance.now() - begin;
}

/** Collects a few times: V8 gives pages back to the system only some while after it has emptied them. */
async function residentMegabytes(): Promise<number> {
  for (let collection = 0; collection < 4; collection += 1) {
    globalThis.gc?.();
    await setTimeout(100);
  }
  return process.memoryUsage().rss / 1024 / 1024;
}

await bareLoop(AT_ONCE);
await runOnEngine(AT_ONCE);
await runExecutions(AT_ONCE, 'warm-up');
const afterFew = await residentMegabytes();
const best = { bare: Number.POSITIVE_INFINITY, engine: Number.POSITIVE_INFINITY, stored: Number.POSITIVE_INFINITY };
for (let round = 0; round < ROUNDS; round += 1) {
  best.bare = Math.min(best.bare, await bareLoop(AT_ONCE));
  best.engine = Math.min(best.engine, await runOnEngine(AT_ONCE));
  best.stored = Math.min(best.stored, await runExecutions(AT_ONCE, `round-${round}`));
}
const report = (what: string, milliseconds: number) => {
  const perSecond = Math.round((AT_ONCE * BENCH_STATES * 1000) / milliseconds);
  console.log(`${what} ${perSecond} transitions/s, ${(milliseconds / best.bare).toFixed(2)} x the bare loop`);
};
report('bare loop of the evaluations   ', best.bare);
report('engine                         ', best.engine);
report('engine, histories kept on disk ', best.stored);
for (let done = AT_ONCE * (ROUNDS + 1); done < EXECUTIONS_FOR_MEMORY; done += AT_ONCE) {
  await runExecutions(AT_ONCE, `memory-${done}`);
}
const afterMany = await residentMegabytes();
console.log(
  `RSS         ${afterFew.toFixed(0)} MB after ${AT_ONCE}, ${afterMany.toFixed(0)} MB after ${ended} executions`,
);
executions.close();
rmSync(folder, { recursive: true, force: true });
