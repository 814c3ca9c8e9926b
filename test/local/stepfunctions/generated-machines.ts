import fc from 'fast-check';
import { DefinitionError } from '../../../local/stepfunctions/asl/definition-error.ts';
import { loadDefinition } from '../../../local/stepfunctions/asl/load-definition.ts';
import { Execution } from '../../../local/stepfunctions/engine/execution.ts';
import type { HistoryEvent } from '../../../local/stepfunctions/engine/history.ts';
import { StateError } from '../../../local/stepfunctions/engine/state-error.ts';
import type { TaskCall, TaskReply } from '../../../local/stepfunctions/engine/task-runner.ts';
import { Turns } from '../../../local/stepfunctions/engine/turns.ts';
import { type Json, JsonText } from '../../../local/stepfunctions/json.ts';
import { JumpingClock } from './engine-stand.ts';

/** A definition and an input, of which a good part is right and the rest wrong in all sorts of ways. */
export interface GeneratedMachine {
  readonly definition: string;
  readonly input: Json;
}

const expression = fc.constantFrom(
  '{% $states.input %}',
  '{% $states.input.n + 1 %}',
  '{% $states.input.list %}',
  '{% $states.context.State.Name %}',
  '{% $exists($v) ? $v : 0 %}',
  '{% $states.input.n > 2 %}',
  '{% [1..3] %}',
  '{% $partition([1,2,3], 2) %}',
  '{% $random() > 0.5 %}',
  '{% null %}',
  '{% $nobody %}',
  '{% function($x){$x} %}',
  "{% 'a' + 1 %}",
  '{% ($f := function($n){ $n > 3 ? $n : $f($n + 1) }; $f(0)) %}',
);
const brokenExpression = fc.constantFrom('{% 1 + %}', '{% $states.result %}', '{% %}', '{%%}');
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: expression },
  { weight: 4, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 3, arbitrary: fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), expression, { maxKeys: 3 }) },
);
const variables = fc.dictionary(fc.constantFrom('v', 'w', 'x'), value, { maxKeys: 2 });
const errorName = fc.constantFrom(
  'States.ALL',
  'States.TaskFailed',
  'Boom',
  'States.Timeout',
  'States.QueryEvaluationError',
);

/** Fields that many states share, each there or not. */
const transforms = fc.record({ Assign: variables, Output: value }, { requiredKeys: [] });

function recovery(target: fc.Arbitrary<string> | undefined): fc.Arbitrary<object> {
  const retrier = fc.record({
    ErrorEquals: fc.tuple(errorName),
    MaxAttempts: fc.nat(3),
    IntervalSeconds: fc.integer({ min: 1, max: 5 }),
  });
  if (!target) return fc.record({ Retry: fc.tuple(retrier) }, { requiredKeys: [] });
  const catcher = fc.record({ ErrorEquals: fc.tuple(errorName), Next: target });
  return fc.record({ Retry: fc.tuple(retrier), Catch: fc.tuple(catcher) }, { requiredKeys: [] });
}

function states(prefix: string, depth: number): fc.Arbitrary<object> {
  return fc.integer({ min: 1, max: 4 }).chain((count) => {
    const names = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
    const each = names.map((name, index) => state(name, names, names[index + 1], depth));
    return fc.tuple(...each).map((generated) => ({
      StartAt: names[0],
      States: Object.fromEntries(names.map((name, index) => [name, generated[index]])),
    }));
  });
}

function state(name: string, names: readonly string[], next: string | undefined, depth: number): fc.Arbitrary<unknown> {
  // Mostly straight on, so that states are reached; back now and then, for loops that end at the limit of events.
  const onwards = names.slice(names.indexOf(name) + 1);
  const anywhere = { weight: 1, arbitrary: fc.constantFrom(...names) };
  const target =
    onwards.length > 0 ? fc.oneof({ weight: 19, arbitrary: fc.constantFrom(...onwards) }, anywhere) : undefined;
  const way = next === undefined ? fc.constant({ End: true }) : fc.constant({ Next: next });
  const flowing = fc.tuple(way, transforms).map(([to, fields]) => ({ ...to, ...fields }));
  const pass = flowing.map((fields) => ({ Type: 'Pass', ...fields }));
  const wait = fc
    .tuple(flowing, fc.oneof(fc.nat(100), expression))
    .map(([fields, Seconds]) => ({ Type: 'Wait', Seconds, ...fields }));
  const task = fc
    .tuple(
      flowing,
      recovery(target),
      fc.record({ TimeoutSeconds: fc.oneof(fc.integer({ min: 1, max: 60 }), expression) }, { requiredKeys: [] }),
      value,
    )
    .map(([fields, recovering, limits, Payload]) => {
      const Resource = 'arn:aws:states:::lambda:invoke';
      return { Type: 'Task', Resource, Arguments: { FunctionName: 'f', Payload }, ...fields, ...recovering, ...limits };
    });
  const rule = fc.record({ Condition: expression, Next: target ?? fc.constantFrom(...names) });
  const choice = fc.array(rule, { minLength: 1, maxLength: 2 }).map((Choices) => {
    return { Type: 'Choice', Choices, Default: next };
  });
  const end = fc.constantFrom(
    { Type: 'Succeed' },
    { Type: 'Fail', Error: 'Boom' },
    { Type: 'Fail', Error: '{% $states.input.why %}' },
  );
  const simple = fc.oneof(
    { weight: 5, arbitrary: pass },
    { weight: 5, arbitrary: task },
    { weight: 2, arbitrary: next ? choice : end },
    wait,
    next ? pass : end,
  );
  const whole =
    depth === 0
      ? simple
      : fc.oneof(
          { weight: 4, arbitrary: simple },
          parallel(name, flowing, target, depth),
          map(name, flowing, target, depth),
        );
  const spoilt = fc.tuple(
    whole,
    fc.constantFrom('Type', 'Next', 'Output', 'Extra', 'Resource'),
    fc.oneof(fc.jsonValue(), brokenExpression),
  );
  return fc.oneof(
    { weight: 40, arbitrary: whole },
    { weight: 1, arbitrary: spoilt.map(([good, field, bad]) => ({ ...good, [field]: bad })) },
  );
}

function parallel(
  name: string,
  flowing: fc.Arbitrary<object>,
  target: fc.Arbitrary<string> | undefined,
  depth: number,
) {
  const branches = fc.tuple(states(`${name}a`, depth - 1), states(`${name}b`, depth - 1));
  return fc.tuple(flowing, recovery(target), branches).map(([fields, recovering, Branches]) => {
    return { Type: 'Parallel', Branches, ...fields, ...recovering };
  });
}

function map(name: string, flowing: fc.Arbitrary<object>, target: fc.Arbitrary<string> | undefined, depth: number) {
  const fields = fc.record(
    { Items: fc.oneof(fc.constant([1, 2, 3]), expression), MaxConcurrency: fc.nat(3), ItemSelector: value },
    { requiredKeys: ['Items'] },
  );
  return fc
    .tuple(flowing, recovery(target), fields, states(`${name}m`, depth - 1))
    .map(([shared, recovering, own, ItemProcessor]) => {
      return { Type: 'Map', ItemProcessor, ...own, ...shared, ...recovering };
    });
}

export const generatedMachine: fc.Arbitrary<GeneratedMachine> = fc.record({
  definition: states('S', 2).map((graph) => JSON.stringify({ QueryLanguage: 'JSONata', ...graph })),
  input: fc.oneof(fc.constant<Json>({ n: 1, list: [1, 2] }), fc.jsonValue() as fc.Arbitrary<Json>),
});

/** Some machines go round until they have 25,000 events, which takes a second: a busy machine takes several. */
const MOST_MILLISECONDS = 20_000;

/** Fails every third time, so that Retry and Catch have something to do. */
function flakyTasks() {
  let calls = 0;
  return {
    async run(call: TaskCall): Promise<TaskReply> {
      calls += 1;
      if (calls % 3 === 0) throw new StateError('Boom', 'every third time');
      return { output: call.arguments };
    },
  };
}

export type Verdict = 'refused' | 'ended';

const ENDS = ['ExecutionSucceeded', 'ExecutionFailed'];

/**
 * Loads and runs a machine.
 * @throws Error where anything but a refusal or a proper end comes of it
 */
export async function tryMachine({ definition, input }: GeneratedMachine): Promise<Verdict> {
  let loaded: ReturnType<typeof loadDefinition>;
  try {
    loaded = loadDefinition(definition);
  } catch (error) {
    if (error instanceof DefinitionError) return 'refused';
    throw error;
  }
  const events: HistoryEvent[] = [];
  const identity = {
    executionArn: 'e',
    name: 'e',
    stateMachineArn: 'm',
    stateMachineName: 'm',
    roleArn: 'r',
    region: 'r',
  };
  const execution = new Execution(
    { definition: loaded, identity, input: JsonText.of(input) },
    {
      tasks: flakyTasks(),
      clock: new JumpingClock(),
      random: Math.random,
      sink: { append: (event) => void events.push(event) },
      turns: new Turns(),
    },
  );
  const begin = performance.now();
  execution.start();
  const outcome = await execution.run();
  const took = performance.now() - begin;
  checkHistory(events, outcome.status);
  if (outcome.status === 'FAILED' && outcome.cause?.includes('Internal error')) throw new Error(outcome.cause);
  if (took > MOST_MILLISECONDS) throw new Error(`The execution took ${Math.round(took)} ms.`);
  return 'ended';
}

function checkHistory(events: readonly HistoryEvent[], status: string): void {
  const last = events.at(-1)?.type ?? 'nothing';
  const expected = status === 'SUCCEEDED' ? 'ExecutionSucceeded' : 'ExecutionFailed';
  if (last !== expected) throw new Error(`An execution that is ${status} ends with ${last}.`);
  events.forEach((event, index) => {
    if (event.id !== index + 1) throw new Error(`Event ${index + 1} has the id ${event.id}.`);
    if (event.previousEventId >= event.id) throw new Error(`Event ${event.id} follows ${event.previousEventId}.`);
    if (ENDS.includes(event.type) && index < events.length - 1)
      throw new Error(`Event ${event.id} comes after the end.`);
  });
}
