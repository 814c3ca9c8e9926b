import { join } from 'node:path';
import type { AwsService, LocalAws } from '../aws-service.ts';
import type { ExecutionFaults } from '../faults/hooks.ts';
import { jsonOperations } from '../gateway/json-service.ts';
import { stepFunctionsOperations } from './api/operations.ts';
import { Executions } from './executions.ts';
import { createStateMachine } from './state-machine-resource.ts';
import { possibleStatusChanges } from './status-change.ts';
import { StateMachines } from './store/state-machines.ts';

export interface StepFunctionsOptions {
  /** Whether a role exists and may be assumed by a service; every role, where it is left out. */
  readonly trusts?: (roleArn: string, servicePrincipal: string) => boolean;
  readonly faults?: ExecutionFaults | undefined;
}

/**
 * Step Functions, JSONata alone: standard state machines, their executions and histories, which survive a restart. An
 * execution that was running when the process died is ABORTED on the next boot.
 */
export async function createStepFunctions(aws: LocalAws, options: StepFunctionsOptions = {}): Promise<AwsService> {
  const folder = aws.folder('stepfunctions');
  const executions = new Executions(aws, folder, options.faults);
  const machines = new StateMachines(join(folder, 'state-machines.json'));
  const operations = stepFunctionsOperations(machines, executions, aws.region);
  return {
    signingName: 'states',
    resources: { 'AWS::StepFunctions::StateMachine': createStateMachine(aws, machines, options.trusts) },
    handle: jsonOperations(operations, (error) => aws.log(`Step Functions: ${String(error)}`)),
    publishes: () => [possibleStatusChanges(machines.all.map(({ record }) => record.stateMachineArn))],
    ready: async () => executions.abortLeftOvers(),
    close: async () => executions.close(),
  };
}
