import { type Cycle, creationOrder } from './creation-order.ts';
import { resolve, type Scope, UNKNOWN } from './intrinsic-functions.ts';
import type { StaticScope } from './static-scope.ts';
import { type Template, type TemplateEntry, TemplateError, type TemplateFault } from './template.ts';

/** What CDK puts into every template for `cdk deploy`, which doesn't deploy here. */
const RULES_OF_THE_DEPLOYMENT = ['CheckBootstrapVersion'];
const TYPES_OF_THE_DEPLOYMENT = ['AWS::CDK::Metadata'];

/**
 * Finds all that is wrong with a template without creating anything.
 * @param types the CloudFormation types that have a creator
 * @returns the resources to create, each after those that it depends on, and what these are
 * @throws TemplateError with every fault
 */
export function checkTemplate(
  template: Template,
  names: StaticScope,
  types: ReadonlySet<string>,
): Map<string, ReadonlySet<string>> {
  const check = new TemplateCheck(template, names);
  for (const rule of Object.keys(template.Rules)) {
    if (!RULES_OF_THE_DEPLOYMENT.includes(rule)) check.fault({}, `Rules.${rule}`, 'rules are not available here');
  }
  const dependencies = new Map<string, ReadonlySet<string>>();
  for (const [logicalId, entry] of Object.entries(template.Resources)) {
    if (TYPES_OF_THE_DEPLOYMENT.includes(entry.Type)) continue;
    const needed = check.resource(logicalId, entry, types);
    if (check.exists(logicalId)) dependencies.set(logicalId, needed);
  }
  for (const [name, { Value, Condition }] of Object.entries(template.Outputs)) {
    check.value(Value, {}, `Outputs.${name}.Value`, check.holds(Condition, {}, `Outputs.${name}.Condition`));
  }
  const { order, cycles } = creationOrder(dependencies);
  for (const cycle of cycles) check.fault({}, 'Resources', describeCycle(cycle));
  if (check.faults.length > 0) throw new TemplateError(check.faults);
  return new Map(order.map((logicalId) => [logicalId, dependencies.get(logicalId) ?? new Set()]));
}

interface Holder {
  readonly logicalId?: string;
  readonly type?: string;
}

/** Resolves all of a template with its resources unknown, and notes each fault and each dependency on the way. */
class TemplateCheck {
  readonly faults: TemplateFault[];

  constructor(
    private readonly template: Template,
    private readonly names: StaticScope,
  ) {
    this.faults = [...names.faults];
  }

  /** @returns the resources that this one depends on */
  resource(logicalId: string, entry: TemplateEntry, types: ReadonlySet<string>): Set<string> {
    const holder = { logicalId, type: entry.Type };
    const exists = this.holds(entry.Condition, holder, 'Condition');
    if (!types.has(entry.Type)) {
      this.fault(
        holder,
        'Type',
        'the embedded AWS has no such type, and it is not listed as one without local meaning',
      );
    }
    const dependencies = this.value(entry.Properties, holder, 'Properties', exists);
    for (const needed of entry.DependsOn) {
      if (!Object.hasOwn(this.template.Resources, needed)) {
        this.fault(holder, 'DependsOn', `there is no resource '${needed}' in the template`);
      } else if (exists && this.exists(needed)) dependencies.add(needed);
    }
    return dependencies;
  }

  /** @returns the resources that the value depends on */
  value(value: unknown, holder: Holder, path: string, taken: boolean): Set<string> {
    const dependencies = new Set<string>();
    const untaken = this.scope(holder, () => {});
    const scope = this.scope(holder, (logicalId, where) => {
      dependencies.add(logicalId);
      if (!this.exists(logicalId)) this.fault(holder, where, `'${logicalId}' is left out by its condition`);
    });
    resolve(value, path, taken ? { ...scope, untaken } : { ...untaken, untaken });
    return dependencies;
  }

  /** Whether a condition holds, or there is none. */
  holds(condition: string | undefined, holder: Holder, path: string): boolean {
    if (condition === undefined) return true;
    const verdict = this.names.condition(condition);
    if (verdict === undefined) this.fault(holder, path, `there is no condition '${condition}'`);
    return verdict === true;
  }

  exists(logicalId: string): boolean {
    const condition = this.template.Resources[logicalId]?.Condition;
    return condition === undefined || this.names.condition(condition) === true;
  }

  fault(holder: Holder, path: string, problem: string): typeof UNKNOWN {
    this.faults.push({ ...holder, path, problem });
    return UNKNOWN;
  }

  private scope(holder: Holder, onReference: (logicalId: string, path: string) => void): Scope {
    const fault: Scope['fault'] = (path, problem) => this.fault(holder, path, problem);
    const toResource = (logicalId: string, path: string, missing: string) => {
      if (!Object.hasOwn(this.template.Resources, logicalId)) return fault(path, missing);
      onReference(logicalId, path);
      return UNKNOWN;
    };
    return {
      ...this.names,
      ref: (name, path) =>
        this.names.value(name, path, fault) ??
        toResource(name, path, `'${name}' is neither a resource nor a parameter of the template`),
      attribute: (logicalId, attribute, path) =>
        toResource(logicalId, path, `there is no resource '${logicalId}' in the template to have an ${attribute}`),
      condition: (name, path) => this.names.condition(name) ?? fault(path, `there is no condition '${name}'`),
      fault,
    };
  }
}

function describeCycle({ members }: Cycle): string {
  return `these resources depend on each other in a circle: ${[...members, members[0]].join(' → ')}`;
}
