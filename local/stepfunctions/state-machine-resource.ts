import type { CreateResource, LocalAws } from '../aws-service.ts';
import type { StateMachines } from './store/state-machines.ts';

/** Properties of `AWS::StepFunctions::StateMachine` that mean nothing on one machine. */
const WITHOUT_LOCAL_MEANING = ['Tags', 'EncryptionConfiguration', 'LoggingConfiguration', 'TracingConfiguration'];
const SERVICE_PRINCIPAL = 'states.amazonaws.com';
const SUBSTITUTION = /\$\{([A-Za-z0-9_]+)\}/g;

/** Makes the state machines of the template. Its errors name the property. */
export function createStateMachine(
  aws: LocalAws,
  machines: StateMachines,
  trusts: (roleArn: string, servicePrincipal: string) => boolean = () => true,
): CreateResource {
  return ({ logicalId, properties }) => {
    const read = new Set<string>(WITHOUT_LOCAL_MEANING);
    const property = (name: string): unknown => {
      read.add(name);
      return properties[name];
    };
    const name = text(property('StateMachineName') ?? logicalId, 'StateMachineName');
    requireStandard(property('StateMachineType'));
    const template = definitionText(property('DefinitionString'), property('Definition'));
    const roleArn = text(property('RoleArn'), 'RoleArn');
    if (!trusts(roleArn, SERVICE_PRINCIPAL)) {
      throw new Error(
        `${SERVICE_PRINCIPAL} is not authorized to assume the role of the property 'RoleArn', ${roleArn}.`,
      );
    }
    const definition = substitute(template, property('DefinitionSubstitutions'));
    const record = {
      stateMachineArn: `arn:aws:states:${aws.region}:${aws.accountId}:stateMachine:${name}`,
      name,
      definition,
      roleArn,
    };
    const unknown = Object.keys(properties).find((given) => !read.has(given));
    if (unknown !== undefined) throw new Error(`The property '${unknown}' is not supported.`);
    const { stateMachineArn, revisionId } = machines.create(record);
    const attributes = { Arn: stateMachineArn, Name: name, StateMachineRevisionId: revisionId };
    return { ref: stateMachineArn, attributes };
  };
}

function requireStandard(type: unknown): void {
  if (type === undefined || type === 'STANDARD') return;
  throw new Error(`The property 'StateMachineType' must be STANDARD; '${String(type)}' is not supported.`);
}

function definitionText(definitionString: unknown, definition: unknown): string {
  if (typeof definitionString === 'string' && definition === undefined) return definitionString;
  if (isObject(definition) && definitionString === undefined) return JSON.stringify(definition);
  throw new Error("Exactly one of the properties 'DefinitionString' (text) and 'Definition' (an object) is required.");
}

/** Fills `${Name}`; a name without a value and a value without a place are both mistakes. */
function substitute(template: string, substitutions: unknown): string {
  const values = isObject(substitutions) ? substitutions : {};
  const used = new Set<string>();
  const definition = template.replaceAll(SUBSTITUTION, (place, name: string) => {
    if (!Object.hasOwn(values, name)) {
      throw new Error(`The definition uses ${place}, which the property 'DefinitionSubstitutions' does not give.`);
    }
    used.add(name);
    return String(values[name]);
  });
  const unused = Object.keys(values).find((name) => !used.has(name));
  if (unused === undefined) return definition;
  throw new Error(`The property 'DefinitionSubstitutions' gives '${unused}', which the definition does not use.`);
}

function text(value: unknown, property: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`The property '${property}' must be text.`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
