import type { JsonObject } from '../../local/stepfunctions/json.ts';

/** Expressions of the kinds that a dispatch uses; each state of the bench evaluates some of them. */
export const BENCH_EXPRESSIONS = [
  '$states.input.count + 1',
  "$states.input.name & '-' & $string($states.input.count)",
  '$sum($states.input.items.price)',
  "$exists($states.input.missing) ? $states.input.missing : 'none'",
  '$count($states.input.items[price > 2])',
  '$states.context.Execution.Name',
  "$uppercase($states.input.name) = 'DISPATCH'",
  '$states.input.items.price[0]',
  "$join($states.input.items.id, ',')",
] as const;

export const BENCH_INPUT: JsonObject = {
  name: 'dispatch',
  count: 0,
  items: [
    { id: 'a', price: 1 },
    { id: 'b', price: 2 },
    { id: 'c', price: 3 },
  ],
};

export const BENCH_STATES = 10;
export const BENCH_EVALUATIONS = 27;

/** Ten Pass states in a row that evaluate 27 expressions between them and keep their input. */
export function benchDefinition(): JsonObject {
  const states = Array.from({ length: BENCH_STATES }, (_, index) => {
    const number = (offset: number) => (index * 3 + offset) % BENCH_EXPRESSIONS.length;
    const expression = (offset: number) => `{% ${BENCH_EXPRESSIONS[number(offset)]} %}`;
    const last = index === BENCH_STATES - 1;
    const assign = last ? {} : { Assign: { a: expression(0), b: expression(1), c: expression(2) } };
    return [`State ${index}`, { Type: 'Pass', ...assign, ...(last ? { End: true } : { Next: `State ${index + 1}` }) }];
  });
  return { QueryLanguage: 'JSONata', StartAt: 'State 0', States: Object.fromEntries(states) };
}
