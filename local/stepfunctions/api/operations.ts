import { AwsError } from '../../gateway/aws-error.ts';
import type { JsonOperation } from '../../gateway/json-service.ts';
import type { HistoryEvent } from '../engine/history.ts';
import { StateError } from '../engine/state-error.ts';
import type { Executions } from '../executions.ts';
import { JsonText } from '../json.ts';
import type { ExecutionRecord } from '../store/execution-index.ts';
import type { StateMachineRecord, StateMachines } from '../store/state-machines.ts';
import { optionalText, requiredArn, requiredText } from './invalid.ts';
import { LONGEST_STATE_MACHINES_TOKEN, pageOf } from './pages.ts';
import { findStateMachine, startExecution } from './start-execution.ts';

type Input = Readonly<Record<string, unknown>>;

const LONGEST_ERROR = 256;
const LONGEST_CAUSE = 32_768;

/** The operations of the Step Functions API, in its wire form: dates are seconds since the epoch. */
export function stepFunctionsOperations(
  machines: StateMachines,
  executions: Executions,
  region: string,
): Readonly<Record<string, JsonOperation>> {
  return {
    StartExecution(input: Input) {
      const { executionArn, startDate } = startExecution(machines, executions, region, input);
      return { executionArn, startDate: startDate / 1000 };
    },
    DescribeExecution: (input: Input) => describeExecution(executions, input),
    ListExecutions: (input: Input) => listExecutions(machines, executions, input),
    GetExecutionHistory: (input: Input) => getExecutionHistory(executions, input),
    StopExecution: (input: Input) => stopExecution(executions, input),
    DescribeStateMachine(input: Input) {
      return describeStateMachine(findStateMachine(machines, requiredArn(input, 'stateMachineArn')).record);
    },
    ListStateMachines: (input: Input) => listStateMachines(machines, input),
    SendTaskSuccess(input: Input) {
      const output = taskOutput(requiredText(input, 'output'));
      executions.tokens.waiting(requiredText(input, 'taskToken')).succeed(output);
    },
    SendTaskFailure(input: Input) {
      const error = new StateError(
        optionalText(input, 'error', LONGEST_ERROR),
        optionalText(input, 'cause', LONGEST_CAUSE),
      );
      executions.tokens.waiting(requiredText(input, 'taskToken')).fail(error);
    },
    SendTaskHeartbeat(input: Input) {
      executions.tokens.waiting(requiredText(input, 'taskToken')).heartbeat();
    },
  };
}

function findExecution(executions: Executions, input: Input): ExecutionRecord {
  const arn = requiredArn(input, 'executionArn');
  const record = executions.index.get(arn);
  if (record) return record;
  throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
}

function describeExecution(executions: Executions, input: Input) {
  const record = findExecution(executions, input);
  const data = executions.data(record.executionArn);
  return {
    ...listedExecution(record),
    input: data.input,
    inputDetails: { included: true },
    ...(data.output !== undefined && { output: data.output, outputDetails: { included: true } }),
    ...(data.error !== undefined && { error: data.error }),
    ...(data.cause !== undefined && { cause: data.cause }),
    ...redriveStatus(record),
  };
}

/** What AWS says of the status, although nothing here is ever redriven. */
function redriveStatus({ status }: ExecutionRecord) {
  if (status !== 'RUNNING' && status !== 'SUCCEEDED') return { redriveStatus: 'REDRIVABLE' };
  return { redriveStatus: 'NOT_REDRIVABLE', redriveStatusReason: `Execution is ${status} and cannot be redriven` };
}

function listedExecution(record: ExecutionRecord) {
  const { executionArn, stateMachineArn, name, status, startDate, stopDate } = record;
  return {
    executionArn,
    stateMachineArn,
    name,
    status,
    startDate: startDate / 1000,
    ...(stopDate !== undefined && { stopDate: stopDate / 1000 }),
    redriveCount: 0,
  };
}

function listExecutions(machines: StateMachines, executions: Executions, input: Input) {
  const arn = requiredArn(input, 'stateMachineArn');
  findStateMachine(machines, arn);
  const status = optionalText(input, 'statusFilter', 64);
  const all = executions.index.ofStateMachine(arn).filter((record) => !status || record.status === status);
  const { items, ...token } = pageOf(all, input, `${arn} ${status ?? ''}`, 'start');
  return { executions: items.map(listedExecution), ...token };
}

function getExecutionHistory(executions: Executions, input: Input) {
  const { executionArn } = findExecution(executions, input);
  const events = executions.history(executionArn);
  const reverse = input['reverseOrder'] === true;
  const ordered = reverse ? events.toReversed() : events;
  const { items, ...token } = pageOf(ordered, input, `${executionArn} ${reverse}`, reverse ? 'start' : 'end');
  return { events: input['includeExecutionData'] === false ? items.map(withoutData) : items, ...token };
}

/** What `includeExecutionData: false` leaves of an event. */
function withoutData(event: HistoryEvent): HistoryEvent {
  const text = JSON.stringify(event, (key, value) => (key === 'input' || key === 'output' ? undefined : value));
  return JSON.parse(text) as HistoryEvent;
}

function stopExecution(executions: Executions, input: Input) {
  const { executionArn } = findExecution(executions, input);
  const error = optionalText(input, 'error', LONGEST_ERROR);
  const cause = optionalText(input, 'cause', LONGEST_CAUSE);
  executions.stop(executionArn, error, cause);
  const stopDate = executions.index.get(executionArn)?.stopDate ?? Date.now();
  return { stopDate: stopDate / 1000 };
}

/** By name, in the order of its bytes. */
function listStateMachines(machines: StateMachines, input: Input) {
  const sorted = machines.all.map(({ record }) => record).sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, ...token } = pageOf(sorted, input, 'stateMachines', 'end', LONGEST_STATE_MACHINES_TOKEN);
  return { stateMachines: items.map(listedStateMachine), ...token };
}

function listedStateMachine({ stateMachineArn, name, creationDate }: StateMachineRecord) {
  return { stateMachineArn, name, type: 'STANDARD', creationDate: creationDate / 1000 };
}

function describeStateMachine(record: StateMachineRecord) {
  return {
    ...listedStateMachine(record),
    status: 'ACTIVE',
    definition: record.definition,
    roleArn: record.roleArn,
    revisionId: record.revisionId,
    loggingConfiguration: { level: 'OFF', includeExecutionData: false },
    tracingConfiguration: { enabled: false },
  };
}

function taskOutput(text: string): JsonText {
  try {
    return JsonText.parse(text);
  } catch (cause) {
    throw new AwsError('InvalidOutput', `Invalid Output: '${(cause as Error).message}'`, { cause });
  }
}
