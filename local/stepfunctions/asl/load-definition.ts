import { isJsonObject, type Json } from '../json.ts';
import type { Definition, State, StateGraph } from './definition.ts';
import { DefinitionError } from './definition-error.ts';
import { Fields, MOST_SECONDS } from './fields.ts';
import { loadState } from './load-state.ts';

const LONGEST_STATE_NAME = 80;
const LONGEST_DEFINITION = 1024 * 1024;

/**
 * Checks a definition as CreateStateMachine does, and compiles it. What the engine has no part for (JSONPath,
 * distributed Map, activities, other integrations) it refuses here, with the state's name and the field.
 * @throws DefinitionError
 */
export function loadDefinition(text: string): Definition {
  const fields = Fields.of(parse(text), '/');
  const missing = ['States', 'StartAt'].filter((name) => !fields.has(name));
  if (missing.length > 0) throw new DefinitionError(`These fields are required: [${missing.join(', ')}]`, '/');
  const timeoutSeconds = fields.number('TimeoutSeconds', { least: 1, most: MOST_SECONDS });
  fields.string('Version');
  const language = queryLanguage(fields) ?? 'JSONPath';
  const graph = loadGraph(fields, { language, scope: new Scope() });
  return timeoutSeconds === undefined ? graph : { ...graph, timeoutSeconds };
}

export type QueryLanguage = 'JSONata' | 'JSONPath';

/** What the states of a graph share with the machine around them. */
export interface Surroundings {
  /** The language of states that name none: the machine's. */
  readonly language: QueryLanguage;
  readonly scope: Scope;
}

/** Names of states, which a machine uses once in all its graphs, and of variables that outer graphs assign. */
export class Scope {
  constructor(
    readonly stateNames: Set<string> = new Set(),
    readonly outerVariables: ReadonlySet<string> = new Set(),
    readonly variables: Set<string> = new Set(),
  ) {}

  inner(): Scope {
    return new Scope(this.stateNames, new Set([...this.outerVariables, ...this.variables]));
  }
}

/** Reads `StartAt` and `States`. @throws DefinitionError also for other fields */
export function loadGraph(fields: Fields, surroundings: Surroundings): StateGraph {
  const startAt = fields.requiredString('StartAt');
  const rawStates = Fields.of(fields.raw('States'), fields.at('States'));
  fields.refuseOthers();
  const names = Object.keys(rawStates.object);
  for (const name of names) claimName(name, surroundings.scope, rawStates.at(name));
  collectVariables(rawStates, surroundings.scope);

  const states = new Map<string, State>();
  for (const name of names) {
    states.set(name, loadState(name, Fields.of(rawStates.object[name], rawStates.at(name)), surroundings));
  }
  checkTransitions(startAt, states, fields);
  return { startAt, states };
}

export function queryLanguage(fields: Fields): QueryLanguage | undefined {
  const value = fields.string('QueryLanguage');
  if (value === undefined || value === 'JSONata' || value === 'JSONPath') return value;
  throw new DefinitionError("Value must be one of: ['JSONata', 'JSONPath']", fields.at('QueryLanguage'));
}

function parse(text: string): Json {
  if (Buffer.byteLength(text) > LONGEST_DEFINITION) throw new DefinitionError('The definition exceeds 1 MiB', '/');
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new DefinitionError(`INVALID_JSON_DESCRIPTION: ${(cause as Error).message}`, '/');
  }
}

function claimName(name: string, scope: Scope, location: string): void {
  if (name.length === 0 || name.length > LONGEST_STATE_NAME) {
    throw new DefinitionError(`State name must have 1 to ${LONGEST_STATE_NAME} characters`, location);
  }
  if (scope.stateNames.has(name)) throw new DefinitionError(`Duplicate State name: ${name}`, location);
  scope.stateNames.add(name);
}

/**
 * A graph inside Parallel or Map must not assign what a state around it assigns, wherever that happens. What a Catch
 * assigns does not count: Step Functions takes the same name inside the very state that catches.
 */
function collectVariables(states: Fields, scope: Scope): void {
  const assigned = (value: Json | undefined) => {
    if (isJsonObject(value)) for (const name of Object.keys(value)) scope.variables.add(name);
  };
  for (const state of Object.values(states.object)) {
    if (!isJsonObject(state)) continue;
    assigned(state['Assign']);
    const choices = state['Choices'];
    if (!Array.isArray(choices)) continue;
    for (const rule of choices as readonly Json[]) if (isJsonObject(rule)) assigned(rule['Assign']);
  }
}

function checkTransitions(startAt: string, states: ReadonlyMap<string, State>, fields: Fields): void {
  if (!states.has(startAt)) {
    throw new DefinitionError(`MISSING_TRANSITION_TARGET: Missing 'Next' target: ${startAt}`, fields.at('StartAt'));
  }
  const reached = new Set<string>([startAt]);
  for (const name of reached) {
    const state = states.get(name);
    if (!state) continue;
    for (const [target, field] of targetsOf(state)) {
      if (!states.has(target)) {
        const location = `${fields.at('States')}/${name}/${field}`;
        throw new DefinitionError(`MISSING_TRANSITION_TARGET: Missing 'Next' target: ${target}`, location);
      }
      reached.add(target);
    }
  }
  for (const name of states.keys()) {
    if (reached.has(name)) continue;
    const location = `${fields.at('States')}/${name}`;
    throw new DefinitionError(`MISSING_TRANSITION_TARGET: State "${name}" is not reachable`, location);
  }
}

function targetsOf(state: State): (readonly [string, string])[] {
  const targets: (readonly [string, string])[] = [];
  if ('next' in state && state.next !== undefined) targets.push([state.next, 'Next']);
  if ('catch' in state) state.catch.forEach((rule, index) => void targets.push([rule.next, `Catch[${index}]/Next`]));
  if (state.type === 'Choice') {
    state.choices.forEach((rule, index) => void targets.push([rule.next, `Choices[${index}]/Next`]));
    if (state.default !== undefined) targets.push([state.default, 'Default']);
  }
  return targets;
}
