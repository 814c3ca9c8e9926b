import type { AwsEvent } from '../aws-service.ts';
import { ANY_VALUE, type EventKind } from '../events/event-kind.ts';
import type { ExecutionData } from './executions.ts';
import { EXECUTION_STATUSES, type ExecutionRecord } from './store/execution-index.ts';

/** EventBridge takes 256 KiB an event; Step Functions leaves input and output out where they would not fit. */
const LONGEST_DATA = 248 * 1024;

const KIND = { source: 'aws.states', 'detail-type': 'Step Functions Execution Status Change' } as const;

/** `Step Functions Execution Status Change`, for the default bus. */
export function statusChange(record: ExecutionRecord, { input, output, error, cause }: ExecutionData) {
  const included = Buffer.byteLength(input) + Buffer.byteLength(output ?? '') <= LONGEST_DATA;
  return {
    ...KIND,
    resources: [record.executionArn],
    detail: {
      executionArn: record.executionArn,
      stateMachineArn: record.stateMachineArn,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      name: record.name,
      status: record.status,
      startDate: record.startDate,
      stopDate: record.stopDate ?? null,
      input: included ? input : null,
      output: included ? (output ?? null) : null,
      inputDetails: { included },
      outputDetails: output === undefined ? null : { included },
      error: error ?? null,
      cause: cause ?? null,
      redriveCount: 0,
      redriveDate: null,
    },
  } satisfies AwsEvent;
}

/** Every status change that executions of these state machines may have. */
export function possibleStatusChanges(stateMachineArns: readonly string[]): EventKind {
  const detail: Record<keyof ReturnType<typeof statusChange>['detail'], unknown> = {
    executionArn: ANY_VALUE,
    stateMachineArn: stateMachineArns,
    stateMachineVersionArn: ANY_VALUE,
    stateMachineAliasArn: ANY_VALUE,
    name: ANY_VALUE,
    status: [...EXECUTION_STATUSES, 'PENDING_REDRIVE'],
    startDate: ANY_VALUE,
    stopDate: ANY_VALUE,
    input: ANY_VALUE,
    output: ANY_VALUE,
    inputDetails: ANY_VALUE,
    outputDetails: ANY_VALUE,
    error: ANY_VALUE,
    cause: ANY_VALUE,
    redriveCount: ANY_VALUE,
    redriveDate: ANY_VALUE,
  };
  return { ...KIND, detail };
}
