import { randomUUID } from 'node:crypto';
import { AwsError } from '../../gateway/aws-error.ts';
import type { ExecutionIdentity } from '../engine/execution-identity.ts';
import type { Executions } from '../executions.ts';
import { DATA_LIMIT_BYTES, JsonText } from '../json.ts';
import type { ExecutionRecord } from '../store/execution-index.ts';
import type { StateMachine, StateMachines } from '../store/state-machines.ts';
import { optionalText, requiredArn, validationError } from './invalid.ts';

const LONGEST_NAME = 80;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the API reference names them among what a name must not hold.
const NOT_IN_A_NAME = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/;

/**
 * The same name and input while it runs is the same execution; anything else under a name that was used is refused.
 * @throws AwsError
 */
export function startExecution(
  machines: StateMachines,
  executions: Executions,
  region: string,
  request: Readonly<Record<string, unknown>>,
): ExecutionRecord {
  const machine = findStateMachine(machines, requiredArn(request, 'stateMachineArn'));
  const name = executionName(optionalText(request, 'name', Number.MAX_SAFE_INTEGER));
  const input = executionInput(request['input']);
  const identity = identityOf(machine, name, region);

  const existing = executions.index.get(identity.executionArn);
  if (!existing) return executions.start(machine, identity, input);
  if (executions.runningInput(identity.executionArn) === input.text) return existing;
  throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${identity.executionArn}'`);
}

/** @throws AwsError `StateMachineDoesNotExist` */
export function findStateMachine(machines: StateMachines, arn: string): StateMachine {
  const machine = machines.get(arn);
  if (machine) return machine;
  throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
}

function identityOf({ record }: StateMachine, name: string, region: string): ExecutionIdentity {
  const { stateMachineArn } = record;
  return {
    executionArn: `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`,
    name,
    stateMachineArn,
    stateMachineName: record.name,
    roleArn: record.roleArn,
    region,
  };
}

function executionName(name: string | undefined): string {
  if (name === undefined) return randomUUID();
  if (name.length > 0 && name.length <= LONGEST_NAME && !NOT_IN_A_NAME.test(name)) return name;
  throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
}

function executionInput(input: unknown): JsonText {
  if (input === undefined || input === null) return JsonText.of({});
  if (typeof input !== 'string')
    throw validationError("Value at 'input' failed to satisfy constraint: must be a string");
  if (Buffer.byteLength(input) > DATA_LIMIT_BYTES) {
    const constraint = `Member must have length less than or equal to ${DATA_LIMIT_BYTES}`;
    throw validationError(`Value at 'input' failed to satisfy constraint: ${constraint}`);
  }
  try {
    return JsonText.parse(input);
  } catch (cause) {
    throw new AwsError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${whyNotJson(input)}'`, {
      cause,
    });
  }
}

/** AWS quotes its Java parser here. */
function whyNotJson(text: string): string {
  if (text.trim() === '') return 'Invalid execution input.';
  const word = /^\s*([A-Za-z_$][\w$]*)/.exec(text)?.[1];
  if (word) {
    return `Unrecognized token '${word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`;
  }
  const key = /^\s*\{\s*([^"}\s])/.exec(text)?.[1];
  if (key) {
    return `Unexpected character ('${key}' (code ${key.charCodeAt(0)})): was expecting double-quote to start field name`;
  }
  return 'Invalid execution input.';
}
