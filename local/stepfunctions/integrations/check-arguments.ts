import { DefinitionError } from '../asl/definition-error.ts';
import type { IntegrationResource } from '../asl/resource.ts';
import type { Json } from '../json.ts';
import { argumentProblems } from './arguments.ts';
import { findOperation, supportsPattern } from './catalog.ts';

/**
 * Refuses an integration that the engine lacks, and arguments that the SDK's own model of the operation does not know.
 * @throws DefinitionError
 */
export function checkArguments(
  resource: IntegrationResource,
  taskArguments: Json | undefined,
  locations: { readonly resource: string; readonly arguments: string },
): void {
  const operation = findOperation(resource);
  if (!operation) {
    const integration = `${resource.resourceType}:${resource.resource}`;
    throw new DefinitionError(`The integration '${integration}' is not supported`, locations.resource, 'OUT_OF_SCOPE');
  }
  if (!supportsPattern(resource)) {
    throw new DefinitionError(`'${resource.resourceType}' does not support '${resource.resource}'`, locations.resource);
  }
  if (taskArguments === undefined) return;
  const [problem] = argumentProblems(operation.input, taskArguments);
  if (problem) throw new DefinitionError(problem.message, `${locations.arguments}${problem.path}`);
}
