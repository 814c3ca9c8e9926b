import { checkArguments } from '../integrations/check-arguments.ts';
import type { Json } from '../json.ts';
import { parseTimestamp } from '../timestamp.ts';
import type {
  ChoiceRule,
  ChoiceState,
  FailState,
  ParallelState,
  PassState,
  State,
  SucceedState,
  TaskState,
  WaitState,
} from './definition.ts';
import { DefinitionError } from './definition-error.ts';
import { Fields, plain } from './fields.ts';
import { loadGraph, queryLanguage, type Surroundings } from './load-definition.ts';
import { loadMap } from './load-map.ts';
import { loadRecovery } from './load-recovery.ts';
import { parseResource } from './resource.ts';
import { loadNext, loadTransforms } from './transforms.ts';

type Load = (name: string, fields: Fields, surroundings: Surroundings) => State;

const LOADERS: Readonly<Record<State['type'], Load>> = {
  Pass: loadPass,
  Task: loadTask,
  Choice: loadChoice,
  Wait: loadWait,
  Succeed: loadSucceed,
  Fail: loadFail,
  Parallel: loadParallel,
  Map: loadMap,
};

/** @throws DefinitionError */
export function loadState(name: string, fields: Fields, surroundings: Surroundings): State {
  const type = fields.requiredString('Type');
  if (!Object.hasOwn(LOADERS, type)) {
    throw new DefinitionError(`Value must be one of: [${Object.keys(LOADERS).join(', ')}]`, fields.at('Type'));
  }
  requireJsonata(name, fields, surroundings);
  const state = LOADERS[type as State['type']](name, fields, surroundings);
  fields.refuseOthers();
  return state;
}

function requireJsonata(name: string, fields: Fields, { language }: Surroundings): void {
  const own = queryLanguage(fields);
  if (own === 'JSONPath' && language === 'JSONata') {
    const message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
    throw new DefinitionError(message, fields.location);
  }
  if ((own ?? language) === 'JSONata') return;
  const message = `The state '${name}' is written in JSONPath; the embedded engine runs JSONata alone`;
  throw new DefinitionError(message, fields.at('QueryLanguage'), 'JSONPATH');
}

function loadPass(name: string, fields: Fields, { scope }: Surroundings): PassState {
  return { name, type: 'Pass', next: loadNext(fields), ...loadTransforms(fields, scope, []) };
}

function loadTask(name: string, fields: Fields, { scope }: Surroundings): TaskState {
  const location = fields.at('Resource');
  const resource = parseResource(fields.requiredString('Resource'), location);
  const rawArguments = fields.raw('Arguments');
  const taskArguments = fields.template('Arguments', []);
  if (fields.has('Credentials')) {
    throw new DefinitionError('Credentials are not supported', fields.at('Credentials'), 'OUT_OF_SCOPE');
  }
  if (resource.kind === 'integration') {
    checkArguments(resource, rawArguments, { resource: location, arguments: fields.at('Arguments') });
  }
  const timeoutSeconds = fields.template('TimeoutSeconds', [], plain.integer(1));
  const heartbeatSeconds = fields.template('HeartbeatSeconds', [], plain.integer(1));
  checkHeartbeat(timeoutSeconds?.constant, heartbeatSeconds?.constant, fields);
  return {
    name,
    type: 'Task',
    resource,
    next: loadNext(fields),
    ...(taskArguments && { arguments: taskArguments }),
    ...(timeoutSeconds && { timeoutSeconds }),
    ...(heartbeatSeconds && { heartbeatSeconds }),
    ...loadTransforms(fields, scope, ['result']),
    ...loadRecovery(fields, scope),
  };
}

function checkHeartbeat(timeout: Json | undefined, heartbeat: Json | undefined, fields: Fields): void {
  if (typeof timeout !== 'number' || typeof heartbeat !== 'number' || heartbeat < timeout) return;
  throw new DefinitionError("'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'", fields.at('HeartbeatSeconds'));
}

function loadChoice(name: string, fields: Fields, { scope }: Surroundings): ChoiceState {
  const rawChoices = fields.array('Choices');
  if (!rawChoices || rawChoices.length === 0) {
    throw new DefinitionError('Choices must be an Array of at least one rule', fields.at('Choices'));
  }
  const choices = rawChoices.map((raw, index): ChoiceRule => {
    const rule = Fields.of(raw, `${fields.at('Choices')}[${index}]`, fields.state);
    const condition = rule.template('Condition', [], (value) => (typeof value === 'boolean' ? undefined : 'Boolean'));
    if (!condition) throw new DefinitionError('These fields are required: [Condition]', rule.location);
    const loaded = { condition, next: rule.requiredString('Next'), ...loadTransforms(rule, scope, []) };
    rule.refuseOthers();
    return loaded;
  });
  return { name, type: 'Choice', choices, default: fields.string('Default'), ...loadTransforms(fields, scope, []) };
}

function loadWait(name: string, fields: Fields, { scope }: Surroundings): WaitState {
  const seconds = fields.template('Seconds', [], plain.integer(0));
  const timestamp = fields.template('Timestamp', [], (value) => {
    return typeof value === 'string' && parseTimestamp(value) !== undefined ? undefined : 'RFC3339 timestamp';
  });
  if ((seconds === undefined) === (timestamp === undefined)) {
    throw new DefinitionError('Exactly one of these fields is required: [Seconds, Timestamp]', fields.location);
  }
  return {
    name,
    type: 'Wait',
    next: loadNext(fields),
    ...(seconds && { seconds }),
    ...(timestamp && { timestamp }),
    ...loadTransforms(fields, scope, []),
  };
}

function loadSucceed(name: string, fields: Fields): SucceedState {
  const output = fields.template('Output', []);
  return { name, type: 'Succeed', ...(output && { output }) };
}

function loadFail(name: string, fields: Fields): FailState {
  const error = fields.template('Error', [], plain.string);
  const cause = fields.template('Cause', [], plain.string);
  return { name, type: 'Fail', ...(error && { error }), ...(cause && { cause }) };
}

function loadParallel(name: string, fields: Fields, surroundings: Surroundings): ParallelState {
  const rawBranches = fields.array('Branches');
  if (!rawBranches || rawBranches.length === 0) {
    throw new DefinitionError('Branches must be an Array of at least one branch', fields.at('Branches'));
  }
  const branches = rawBranches.map((raw, index) => {
    const branch = Fields.of(raw, `${fields.at('Branches')}[${index}]`);
    return loadGraph(branch, { ...surroundings, scope: surroundings.scope.inner() });
  });
  const branchArguments = fields.template('Arguments', []);
  return {
    name,
    type: 'Parallel',
    branches,
    next: loadNext(fields),
    ...(branchArguments && { arguments: branchArguments }),
    ...loadTransforms(fields, surroundings.scope, ['result']),
    ...loadRecovery(fields, surroundings.scope),
  };
}
