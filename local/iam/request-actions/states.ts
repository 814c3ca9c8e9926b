import type { Permission } from '../policy-document.ts';
import { text } from './input.ts';
import type { JsonRequest } from './json-request.ts';

/** Executions are asked about by their own ARN, save to start and to list them. */
export function statesPermissions({ operation, input, arn }: JsonRequest): Permission[] {
  const action = `states:${operation}`;
  if (operation.startsWith('SendTask')) {
    // AWS asks about the token's state machine, which only the token knows.
    return [{ action, resource: arn('states', 'stateMachine:'), resourceIsPrefix: true }];
  }
  const resource = text(input.executionArn) || text(input.stateMachineArn) || text(input.resourceArn);
  return [{ action, resource: resource || '*' }];
}
