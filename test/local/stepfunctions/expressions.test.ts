import { describe, expect, it } from 'vitest';
import { evaluate, outputOf, runStates } from './engine-stand.ts';

const pass = (fields: object) => ({ P: { Type: 'Pass', ...fields, End: true } });

describe('the functions that Step Functions adds to JSONata', () => {
  it.each([
    ['$partition([1,2,3,4], 3)', [[1, 2, 3], [4]]],
    ['$partition([0], 5)', [[0]]],
    ['$range(1, 9, 2)', [1, 3, 5, 7, 9]],
    ['$range(1, 9, 9)', 1],
    ['$range(3, 1, -1)', [3, 2, 1]],
    ["$hash('a', 'MD5')", '0cc175b9c0f1b6a831c399e269772661'],
    ["$hash('')", 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['$parse(\'{"a":[1]}\').a[0]', 1],
    ['$random(7) = $random(7)', true],
    ['$random() < 1', true],
    ['$match($uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4/).index', 0],
  ])('%s is %j', async (expression, expected) => {
    expect(await evaluate(expression)).toEqual(expected);
  });

  it.each([
    ['$parse("{")', 'Argument 1 of function "parse" must be valid JSON'],
    ['$partition([1], 0)', 'Argument 2 of function "partition" must be a positive number'],
    ['$range(1, 2, 0)', 'Argument 3 of function "range" must be a number other than 0'],
    ["$eval('1')", 'T1006: Attempted to invoke a non-function'],
  ])('%s fails: %s', async (expression, message) => {
    const { outcome } = await runStates(pass({ Output: `{% ${expression} %}` }));

    expect(outcome).toMatchObject({ error: 'States.QueryEvaluationError', cause: expect.stringContaining(message) });
  });
});

describe('an expression', () => {
  it.each([
    ['recursion without an end', '($f := function($n){ 1 + $f($n) }; $f(1))'],
    ['a tail call without an end', '($f := function($n){ $f($n + 1) }; $f(1))'],
  ])('is stopped in %s', async (_, expression) => {
    const { outcome } = await runStates(pass({ Output: `{% ${expression} %}` }));

    expect(outcome).toMatchObject({ error: 'States.QueryEvaluationError', cause: expect.stringContaining('U1001') });
  });

  it('answers States.DataLimitExceeded for a result beyond 256 KiB', async () => {
    for (const expression of ["$pad('', 262144, 'x')", '[1..5000000]']) {
      const { outcome } = await runStates(pass({ Output: `{% ${expression} %}` }));

      expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    }
  });

  it.each([
    ['$states.input.none', 'returned nothing (undefined).'],
    ['function($x){$x}', 'returned an unsupported result type.'],
    ["'a' + 1", 'threw an error during evaluation. T2001: '],
  ])('%s is a fault of evaluation that says: %s', async (expression, words) => {
    const { events, outcome } = await runStates(pass({ Output: { a: [`{% ${expression} %}`] } }));

    const cause = expect.stringMatching(
      /^An error occurred while executing the state 'P' \(entered at the event id #2\)\. /,
    );
    expect(events[2]).toMatchObject({
      type: 'EvaluationFailed',
      previousEventId: 0,
      evaluationFailedEventDetails: { location: 'Output/a[0]', state: 'P', cause },
    });
    expect(outcome).toMatchObject({ cause: expect.stringContaining(words) });
  });

  it('finds no input but $states.input', async () => {
    expect(await evaluate("$exists($) or $exists(name) ? 'something' : 'nothing'", { name: 'x' })).toBe('nothing');
  });

  it('sees the variables as they were before the state, in Assign and Output alike', async () => {
    const states = {
      A: { Type: 'Pass', Assign: { x: 1, y: 10 }, Next: 'B' },
      B: { Type: 'Pass', Assign: { x: '{% $y %}', y: '{% $x %}' }, Output: '{% $x %}', Next: 'C' },
      C: { Type: 'Pass', Output: ['{% $states.input %}', '{% $x %}', '{% $y %}'], End: true },
    };

    expect(await outputOf(states)).toEqual([1, 10, 1]);
  });

  it('keeps lists of one what they are when they go through a variable', async () => {
    const states = {
      A: { Type: 'Pass', Assign: { one: '{% [$states.input.items[id = 1]] %}' }, Next: 'B' },
      B: { Type: 'Pass', Output: { one: '{% $one %}', count: '{% $count($one) %}' }, End: true },
    };

    expect(await outputOf(states, { input: { items: [{ id: 1 }, { id: 2 }] } })).toEqual({
      one: [{ id: 1 }],
      count: 1,
    });
  });

  it('takes __proto__ for a name like any other', async () => {
    const input = JSON.parse('{"__proto__":{"polluted":true}}');

    const { outcome } = await runStates(pass({ Output: '{% $states.input %}' }), { input });

    expect(outcome).toMatchObject({ output: '{"__proto__":{"polluted":true}}' });
    expect({}).not.toHaveProperty('polluted');
  });

  it('reads the context object', async () => {
    const expression = '$join($keys($states.context), ",") & " " & $states.context.State.Name';

    expect(await evaluate(expression)).toBe('Execution,StateMachine,State P');
  });
});
