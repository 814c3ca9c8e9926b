import { isJsonObject, type Json } from '../json.ts';
import type { Transforms } from './definition.ts';
import { DefinitionError } from './definition-error.ts';
import { type Fields, plain } from './fields.ts';
import type { Scope } from './load-definition.ts';
import type { StatesFields } from './reserved-variable.ts';

const VARIABLE_NAME = /^\p{ID_Start}\p{ID_Continue}{0,79}$/u;

/** Reads `Assign` and `Output`. @throws DefinitionError */
export function loadTransforms(fields: Fields, scope: Scope, available: StatesFields): Transforms {
  const names = fields.raw('Assign');
  const assign = fields.template('Assign', available, plain.object);
  checkVariableNames(names, scope, fields.at('Assign'));
  const output = fields.template('Output', available);
  return { ...(assign && { assign }), ...(output && { output }) };
}

/** Reads `Next` and `End`. @throws DefinitionError unless there is exactly one of them */
export function loadNext(fields: Fields): string | undefined {
  const next = fields.string('Next');
  const end = fields.raw('End');
  if (end !== undefined && typeof end !== 'boolean') {
    throw new DefinitionError('Expected value of type Boolean', fields.at('End'));
  }
  if ((next !== undefined) === (end === true)) {
    throw new DefinitionError('Exactly one of these fields is required: [Next, End]', fields.location);
  }
  return next;
}

function checkVariableNames(assign: Json | undefined, scope: Scope, location: string): void {
  if (assign === undefined) return;
  if (!isJsonObject(assign)) throw new DefinitionError('Expected value of type Object', location);
  for (const name of Object.keys(assign)) {
    if (!VARIABLE_NAME.test(name) || name === 'states') {
      throw new DefinitionError(`The variable name '${name}' is not valid`, `${location}/${name}`);
    }
    if (scope.outerVariables.has(name)) {
      const message = `The variable '${name}' belongs to an outer scope and cannot be assigned here`;
      throw new DefinitionError(message, `${location}/${name}`);
    }
  }
}
