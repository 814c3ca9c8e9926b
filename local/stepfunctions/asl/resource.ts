import { DefinitionError } from './definition-error.ts';

/** How a Task waits: for the answer, for the job to end, or for its token to come back. */
export type Pattern = 'request-response' | 'sync' | 'task-token';

/** What a Task's Resource calls. */
export type TaskResource =
  | { readonly kind: 'function'; readonly arn: string }
  | {
      readonly kind: 'integration';
      /** Optimized integrations and `aws-sdk:` ones differ in errors, names of fields and metadata. */
      readonly style: 'optimized' | 'sdk';
      /** As the ARN spells it: `lambda`, `ecs`, `dynamodb`, `events`, `sfn`, `s3`. */
      readonly service: string;
      readonly action: string;
      readonly pattern: Pattern;
      /** As events name it, e.g. `aws-sdk:dynamodb`. */
      readonly resourceType: string;
      /** As events name it, e.g. `runTask.sync`. */
      readonly resource: string;
    };

export type IntegrationResource = Extract<TaskResource, { kind: 'integration' }>;

const FUNCTION_ARN = /^arn:[^:]+:lambda:[^:]*:[^:]*:function:.+$/;
const ACTIVITY_ARN = /^arn:[^:]+:states:[^:]*:[^:]*:activity:.+$/;
const INTEGRATION_ARN = /^arn:[^:]+:states:[^:]*:[^:]*:(aws-sdk:)?([a-zA-Z0-9-]+):([a-zA-Z0-9]+)(\.[a-zA-Z0-9:.]+)?$/;

/** @throws DefinitionError */
export function parseResource(arn: string, location: string): TaskResource {
  if (FUNCTION_ARN.test(arn)) return { kind: 'function', arn };
  if (ACTIVITY_ARN.test(arn)) throw new DefinitionError('Activities are not supported', location, 'OUT_OF_SCOPE');
  const match = INTEGRATION_ARN.exec(arn);
  if (!match) throw new DefinitionError(`The resource '${arn}' provided is not recognized`, location);
  const [, sdk, service = '', action = '', suffix = ''] = match;
  return {
    kind: 'integration',
    style: sdk ? 'sdk' : 'optimized',
    service,
    action,
    pattern: patternOf(suffix, arn, location),
    resourceType: `${sdk ?? ''}${service}`,
    resource: `${action}${suffix}`,
  };
}

function patternOf(suffix: string, arn: string, location: string): Pattern {
  if (suffix === '') return 'request-response';
  if (suffix === '.sync' || suffix === '.sync:2') return 'sync';
  if (suffix === '.waitForTaskToken') return 'task-token';
  throw new DefinitionError(`The resource '${arn}' provided is not recognized`, location);
}
