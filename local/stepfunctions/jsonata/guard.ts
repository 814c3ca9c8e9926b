import type jsonata from 'jsonata';

const ENTRY = Symbol.for('jsonata.__evaluate_entry');
const EXIT = Symbol.for('jsonata.__evaluate_exit');
const MOST_STEPS = 2_000_000;
const MOST_DEPTH = 5_000;
const MOST_MILLISECONDS = 1_000;
const STEPS_BETWEEN_LOOKS_AT_THE_CLOCK = 1_024;

/**
 * Only what can repeat itself without end needs a guard: functions that an expression defines, and ranges. The guard
 * costs time at each step, so other expressions go without.
 */
export function needsGuard(ast: unknown): boolean {
  if (typeof ast !== 'object' || ast === null) return false;
  const node = ast as { type?: unknown; value?: unknown };
  if (node.type === 'lambda' || (node.type === 'binary' && node.value === '..')) return true;
  return Object.values(ast).some((child) => (Array.isArray(child) ? child.some(needsGuard) : needsGuard(child)));
}

interface Budget {
  steps: number;
  depth: number;
  readonly deadline: number;
}

interface Frame {
  readonly timestamp: Date;
}

/** JSONata evaluates in microtasks: without this, an endless expression would stop the whole process. */
export function installGuard(expression: jsonata.Expression): void {
  // Each evaluation sets a timestamp object of its own, which all the frames that it opens share.
  const budgets = new WeakMap<Date, Budget>();
  const budgetOf = (frame: Frame): Budget => {
    let budget = budgets.get(frame.timestamp);
    if (!budget) {
      budget = { steps: 0, depth: 0, deadline: Date.now() + MOST_MILLISECONDS };
      budgets.set(frame.timestamp, budget);
    }
    return budget;
  };
  const bind = expression.assign as (name: string | symbol, value: unknown) => void;
  bind(ENTRY, (_node: unknown, _input: unknown, frame: Frame) => spend(budgetOf(frame)));
  bind(EXIT, (_node: unknown, _input: unknown, frame: Frame) => {
    budgetOf(frame).depth -= 1;
  });
}

function spend(budget: Budget): void {
  budget.steps += 1;
  budget.depth += 1;
  if (budget.depth > MOST_DEPTH) {
    throw guardError('Stack overflow error: Check for non-terminating recursive function');
  }
  const looksAtTheClock = budget.steps % STEPS_BETWEEN_LOOKS_AT_THE_CLOCK === 0;
  if (budget.steps > MOST_STEPS || (looksAtTheClock && Date.now() > budget.deadline)) {
    throw guardError('Expression evaluation timeout: Check for infinite loop');
  }
}

function guardError(message: string): Error {
  return Object.assign(new Error(message), { code: 'U1001' });
}
