import { Readable } from 'node:stream';
import type { AwsRequest, AwsService } from '../../../local/aws-service.ts';

/** A machine of which every second execution waits for ever. */
export const HALF_WAITS = {
  QueryLanguage: 'JSONata',
  StartAt: 'Choose',
  States: {
    Choose: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.wait %}', Next: 'Wait' }], Default: 'End' },
    Wait: { Type: 'Wait', Seconds: 3600, Next: 'End' },
    End: { Type: 'Succeed' },
  },
};

/** Creates the machine and answers a function that starts its next execution, without a gateway in between. */
export async function startIn(service: AwsService): Promise<() => Promise<string>> {
  const properties = { DefinitionString: JSON.stringify(HALF_WAITS), RoleArn: 'arn:aws:iam::000000000000:role/r' };
  const type = 'AWS::StepFunctions::StateMachine';
  const values = await service.resources[type]?.({ logicalId: 'Machine', type, properties });
  let count = 0;
  return async () => {
    count += 1;
    const input = JSON.stringify({ wait: count % 2 === 0 });
    const answer = await service.handle(request({ stateMachineArn: values?.ref, name: `n${count}`, input }));
    const { executionArn } = JSON.parse(String(answer.body)) as { executionArn: string };
    return executionArn;
  };
}

function request(body: unknown): AwsRequest {
  return {
    service: 'states',
    method: 'POST',
    path: '/',
    query: '',
    headers: { 'x-amz-target': 'AWSStepFunctions.StartExecution', 'content-type': 'application/x-amz-json-1.0' },
    caller: { accessKeyId: '', secretAccessKey: '', roleArn: '', sessionName: '' },
    requestId: '',
    stream: Readable.from([]),
    readBody: async () => Buffer.from(JSON.stringify(body)),
  };
}
