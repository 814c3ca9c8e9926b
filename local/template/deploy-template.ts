import type { CreateResource, ResourceValues, TemplateResource } from '../aws-service.ts';
import { checkTemplate } from './check-template.ts';
import { isRecord, NO_VALUE, resolve, type Scope, UNKNOWN } from './intrinsic-functions.ts';
import type { Deployment } from './pseudo-parameters.ts';
import { type StaticScope, staticScope } from './static-scope.ts';
import { parseTemplate, type Template, TemplateError, type TemplateFault } from './template.ts';

/** What a template's resources are made with. */
export interface DeployOptions {
  /** By CloudFormation type: who creates it. */
  readonly creators: Readonly<Record<string, CreateResource>>;
  /** By CloudFormation type: what stands in for resources that mean nothing on one machine. */
  readonly withoutLocalMeaning: Readonly<Record<string, (resource: TemplateResource) => ResourceValues>>;
  readonly deployment: Deployment;
  /** Values for the template's parameters, in place of their defaults. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface DeployedResource extends ResourceValues {
  readonly logicalId: string;
  readonly type: string;
}

export interface DeployedStack {
  readonly stackName: string;
  /** By logical id, in the order in which they were created. */
  readonly resources: Readonly<Record<string, DeployedResource>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * Creates every resource of a template, each after those that it refers to, and resolves the outputs.
 * @param document the template as it is parsed from JSON
 * @throws TemplateError with all faults that can be found without creating anything, before anything is created; or
 *   with the faults of all resources that could not be created
 */
export async function deployTemplate(document: unknown, options: DeployOptions): Promise<DeployedStack> {
  const template = parseTemplate(document);
  const names = staticScope(template, options.deployment, options.parameters ?? {});
  const resources = checkTemplate(template, names, new Set(typesOf(options)));
  const created: Record<string, DeployedResource> = {};
  const failures: TemplateError[] = [];
  for (const [logicalId, dependencies] of resources) {
    if ([...dependencies].some((needed) => !Object.hasOwn(created, needed))) continue;
    try {
      created[logicalId] = await createResource(logicalId, template, names, created, options);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) {
    throw new TemplateError(
      failures.flatMap(({ faults }) => faults),
      { cause: failures[0]?.cause },
    );
  }
  return {
    stackName: options.deployment.stackName,
    resources: created,
    outputs: resolveOutputs(template, names, created),
  };
}

function typesOf({ creators, withoutLocalMeaning }: DeployOptions): string[] {
  return [...Object.keys(creators), ...Object.keys(withoutLocalMeaning)];
}

async function createResource(
  logicalId: string,
  template: Template,
  names: StaticScope,
  created: Readonly<Record<string, DeployedResource>>,
  { creators, withoutLocalMeaning }: DeployOptions,
): Promise<DeployedResource> {
  const entry = template.Resources[logicalId];
  const type = entry?.Type ?? '';
  const at = { logicalId, type };
  const properties = resolveAll(entry?.Properties, 'Properties', at, names, created);
  try {
    const create = creators[type] ?? withoutLocalMeaning[type];
    if (!create) throw new Error('nobody creates resources of this type');
    return { ...at, ...(await create({ ...at, properties: isRecord(properties) ? properties : {} })) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new TemplateError([{ ...at, path: 'creation failed', problem }], { cause: error });
  }
}

function resolveOutputs(
  template: Template,
  names: StaticScope,
  created: Readonly<Record<string, DeployedResource>>,
): Record<string, unknown> {
  const outputs = Object.entries(template.Outputs).filter(
    ([, { Condition }]) => Condition === undefined || names.condition(Condition) === true,
  );
  return Object.fromEntries(
    outputs.map(([name, { Value }]) => [name, resolveAll(Value, `Outputs.${name}.Value`, {}, names, created)]),
  );
}

/** Resolves a value whose every reference is to a resource that exists by now. */
function resolveAll(
  value: unknown,
  path: string,
  at: { logicalId?: string; type?: string },
  names: StaticScope,
  created: Readonly<Record<string, DeployedResource>>,
): unknown {
  const faults: TemplateFault[] = [];
  const fault = (where: string, problem: string): typeof UNKNOWN => {
    faults.push({ ...at, path: where, problem });
    return UNKNOWN;
  };
  const scope: Scope = {
    ...names,
    condition: (name) => names.condition(name) ?? UNKNOWN,
    ref: (name, where) =>
      names.value(name, where, fault) ?? created[name]?.ref ?? fault(where, `there is no '${name}'`),
    attribute: (logicalId, attribute, where) =>
      attributeOf(created[logicalId], attribute) ??
      fault(where, missingAttribute(created[logicalId], logicalId, attribute)),
    fault,
  };
  const resolved = resolve(value, path, scope);
  if (faults.length > 0) throw new TemplateError(faults);
  return resolved === NO_VALUE ? undefined : resolved;
}

function attributeOf(resource: DeployedResource | undefined, attribute: string): string | undefined {
  const attributes = resource?.attributes ?? {};
  return Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
}

function missingAttribute(resource: DeployedResource | undefined, logicalId: string, attribute: string): string {
  const given = Object.keys(resource?.attributes ?? {}).join(', ') || 'none';
  return `${logicalId} (${resource?.type}) has no attribute '${attribute}' in the embedded AWS; it has: ${given}`;
}
