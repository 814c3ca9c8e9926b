import type { Expression } from '../jsonata/expression.ts';
import { DefinitionError } from './definition-error.ts';

/** The members of `$states` that a field may use, beside `input` and `context`. */
export type StatesFields = readonly ('result' | 'errorOutput')[];

const ALWAYS = ['input', 'context'];
const NAMED = ['result', 'errorOutput'];

/**
 * `$states.result` and `$states.errorOutput` exist in some fields alone; elsewhere Step Functions refuses them when the
 * state machine is made ("Transforming data with JSONata in Step Functions" in the developer guide).
 * @throws DefinitionError
 */
export function checkVariables(expression: Expression, allowed: StatesFields, location: string): void {
  const used = statesMembers(expression.ast);
  for (const member of used) {
    if (ALWAYS.includes(member) || !NAMED.includes(member)) continue;
    if (!(allowed as readonly string[]).includes(member)) {
      throw new DefinitionError(`The variable '$states.${member}' is not available in this field`, location);
    }
  }
}

interface AstNode {
  readonly type?: unknown;
  readonly value?: unknown;
  readonly steps?: readonly AstNode[];
}

function statesMembers(ast: unknown, found = new Set<string>()): Set<string> {
  if (typeof ast !== 'object' || ast === null) return found;
  const { type, steps } = ast as AstNode;
  if (type === 'path' && Array.isArray(steps)) {
    const [first, second] = steps as readonly AstNode[];
    if (first?.type === 'variable' && first.value === 'states' && second?.type === 'name') {
      found.add(String(second.value));
    }
  }
  for (const child of Object.values(ast)) {
    if (Array.isArray(child)) for (const item of child) statesMembers(item, found);
    else statesMembers(child, found);
  }
  return found;
}
