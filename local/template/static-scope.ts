import { evaluateConditions } from './conditions.ts';
import { type Scope, UNKNOWN } from './intrinsic-functions.ts';
import { type Deployment, pseudoParameters } from './pseudo-parameters.ts';
import type { Template, TemplateFault } from './template.ts';

type Fault = Scope['fault'];

/** The names of a template that mean something before any resource exists. */
export interface StaticScope extends Pick<Scope, 'mapping' | 'region'> {
  /** A parameter's or pseudo parameter's value; `undefined` where the name is neither. */
  value(name: string, path: string, fault: Fault): unknown;
  /** `undefined` where there is no such condition. */
  condition(name: string): boolean | typeof UNKNOWN | undefined;
  /** What is wrong with the conditions themselves. */
  readonly faults: readonly TemplateFault[];
}

/** @param given values for parameters, in place of their defaults */
export function staticScope(
  template: Template,
  deployment: Deployment,
  given: Readonly<Record<string, string>>,
): StaticScope {
  const faults: TemplateFault[] = [];
  const pseudo = pseudoParameters(deployment);
  const names = {
    region: deployment.region,
    mapping: (map: string) => template.Mappings[map],
    value: (name: string, path: string, fault: Fault) =>
      Object.hasOwn(pseudo, name) ? pseudo[name] : parameterValue(name, template, given, path, fault),
  };
  const fault: Fault = (path, problem) => {
    faults.push({ path, problem });
    return UNKNOWN;
  };
  const condition = evaluateConditions(template.Conditions, {
    ...names,
    fault,
    ref: (name, path) => names.value(name, path, fault) ?? fault(path, `there is no parameter '${name}'`),
    attribute: (logicalId, _, path) => fault(path, `conditions can't depend on a resource (${logicalId})`),
  });
  return { ...names, condition, faults };
}

function parameterValue(
  name: string,
  { Parameters }: Template,
  given: Readonly<Record<string, string>>,
  path: string,
  fault: Fault,
): unknown {
  const parameter = Object.hasOwn(Parameters, name) ? Parameters[name] : undefined;
  if (!parameter) return undefined;
  const value = given[name] ?? parameter.Default;
  if (value === undefined) return fault(path, `the parameter '${name}' has neither a default nor a value`);
  if (parameter.Type.startsWith('AWS::SSM::')) {
    return fault(path, `the parameter '${name}' comes from SSM (${parameter.Type}), which can't be read locally`);
  }
  return /^(CommaDelimitedList|List<.*>)$/.test(parameter.Type) ? String(value).split(',') : String(value);
}
