import { holdsUnknown, isRecord, resolve, type Scope, UNKNOWN } from './intrinsic-functions.ts';

type Verdict = boolean | typeof UNKNOWN;

/**
 * Evaluates the `Conditions` of a template, each once.
 * @returns what a condition's name means; `undefined` for a name that isn't there
 */
export function evaluateConditions(
  conditions: Readonly<Record<string, unknown>>,
  scope: Omit<Scope, 'condition'>,
): (name: string) => Verdict | undefined {
  const verdicts = new Map<string, Verdict>();
  const underWay = new Set<string>();

  const verdictOf = (name: string): Verdict | undefined => {
    if (!Object.hasOwn(conditions, name)) return undefined;
    const path = `Conditions.${name}`;
    if (underWay.has(name)) return scope.fault(path, 'the condition depends on itself');
    underWay.add(name);
    const verdict = verdicts.get(name) ?? evaluate(conditions[name], path, inConditions);
    underWay.delete(name);
    verdicts.set(name, verdict);
    return verdict;
  };
  const inConditions: Scope = {
    ...scope,
    condition: (name, path) => verdictOf(name) ?? scope.fault(path, `there is no condition '${name}'`),
  };

  for (const name of Object.keys(conditions)) verdictOf(name);
  return (name) => verdicts.get(name);
}

function evaluate(expression: unknown, path: string, scope: Scope): Verdict {
  const [name, argument] = isRecord(expression) ? (Object.entries(expression)[0] ?? []) : [];
  const operands = (): Verdict[] =>
    Array.isArray(argument) ? argument.map((operand, index) => evaluate(operand, `${path}[${index}]`, scope)) : [];
  switch (name) {
    case 'Condition':
      return typeof argument === 'string' ? scope.condition(argument, path) : scope.fault(path, 'a name is missing');
    case 'Fn::Equals':
      return equal(resolve(argument, path, scope), path, scope);
    case 'Fn::Not':
      return not(operands(), path, scope);
    case 'Fn::And':
      return decide(operands(), (verdicts) => verdicts.every(Boolean));
    case 'Fn::Or':
      return decide(operands(), (verdicts) => verdicts.some(Boolean));
    default:
      return scope.fault(path, `${name ?? JSON.stringify(expression)} is not a condition`);
  }
}

function equal(operands: unknown, path: string, scope: Scope): Verdict {
  if (!Array.isArray(operands) || operands.length !== 2) return scope.fault(path, 'Fn::Equals takes two values');
  return holdsUnknown(operands) ? UNKNOWN : JSON.stringify(operands[0]) === JSON.stringify(operands[1]);
}

function not(operands: readonly Verdict[], path: string, scope: Scope): Verdict {
  const [operand, ...more] = operands;
  if (operand === undefined || more.length > 0) return scope.fault(path, 'Fn::Not takes one condition');
  return operand === UNKNOWN ? UNKNOWN : !operand;
}

function decide(operands: readonly Verdict[], verdict: (operands: readonly Verdict[]) => boolean): Verdict {
  return operands.includes(UNKNOWN) ? UNKNOWN : verdict(operands);
}
