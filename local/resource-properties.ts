import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { TemplateResource } from './aws-service.ts';

/**
 * The properties of a resource, checked. Throws an error that names every property that is missing, mistyped or not
 * understood (schemas of resources are strict objects).
 */
export function parseProperties<Schema extends z.ZodType>(
  schema: Schema,
  resource: TemplateResource,
): z.output<Schema> {
  const parsed = schema.safeParse(resource.properties);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `${propertyPath(issue.path, issue.keys)} is not supported by the embedded AWS`
      : `${propertyPath(issue.path)}: ${issue.message}`,
  );
  throw new Error(faults.join('; '));
}

/** The name CloudFormation would make up, but without its stack's: stable over restarts. */
export function generatedName(resource: TemplateResource): string {
  const suffix = createHash('sha256').update(resource.logicalId).digest('hex').slice(0, 12).toUpperCase();
  return `${resource.logicalId.slice(0, 40)}-${suffix}`;
}

function propertyPath(path: readonly PropertyKey[], keys: readonly string[] = []): string {
  const parent = path.map(String).join('.');
  if (keys.length === 0) return parent;
  return keys.map((key) => (parent === '' ? key : `${parent}.${key}`)).join(', ');
}
