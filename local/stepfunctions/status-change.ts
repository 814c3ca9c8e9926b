import type { AwsEvent } from '../aws-service.ts';
import type { ExecutionData } from './executions.ts';
import type { ExecutionRecord } from './store/execution-index.ts';

/** EventBridge takes 256 KiB an event; Step Functions leaves input and output out where they would not fit. */
const LONGEST_DATA = 248 * 1024;

/** `Step Functions Execution Status Change`, for the default bus. */
export function statusChange(record: ExecutionRecord, { input, output, error, cause }: ExecutionData): AwsEvent {
  const included = Buffer.byteLength(input) + Buffer.byteLength(output ?? '') <= LONGEST_DATA;
  return {
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
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
  };
}
