import { isIPv4 } from 'node:net';

/** Stands for a value that is known only once a resource exists. What is computed from it is unknown as well. */
export const UNKNOWN = Symbol('known once the resource exists');
/** `AWS::NoValue`: the property or list element that it is given to isn't there. */
export const NO_VALUE = Symbol('AWS::NoValue');

/** What the names in a template mean at the place where they are resolved. */
export interface Scope {
  ref(name: string, path: string): unknown;
  attribute(logicalId: string, attribute: string, path: string): unknown;
  mapping(map: string): Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  condition(name: string, path: string): boolean | typeof UNKNOWN;
  readonly region: string;
  /** Where the branches of `Fn::If` that aren't taken are looked at; without it they are passed over. */
  readonly untaken?: Scope;
  /** Notes a fault; the value is unknown from there on. */
  fault(path: string, problem: string): typeof UNKNOWN;
}

type IntrinsicFunction = (argument: unknown, path: string, scope: Scope) => unknown;

/**
 * Resolves every intrinsic function in a value. Faults go to `scope.fault`, so that all of them are found in one pass.
 * @returns the value; `NO_VALUE` where nothing is left of it; `UNKNOWN` inside it where a resource must exist first
 */
export function resolve(value: unknown, path: string, scope: Scope): unknown {
  if (typeof value === 'string') return refuseDynamicReference(value, path, scope);
  if (Array.isArray(value)) {
    return value.map((item, index) => resolve(item, `${path}[${index}]`, scope)).filter((item) => item !== NO_VALUE);
  }
  if (!isRecord(value)) return value;
  const call = Object.keys(value).find((key) => key.startsWith('Fn::') || key === 'Ref');
  return call === undefined ? resolveMembers(value, path, scope) : callFunction(call, value, path, scope);
}

/** Whether a resolved value holds, at any depth, something that isn't known yet. */
export function holdsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(holdsUnknown);
  return isRecord(value) && Object.values(value).some(holdsUnknown);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const FUNCTIONS: Readonly<Record<string, IntrinsicFunction>> = {
  Ref: (name, path, scope) =>
    typeof name === 'string' ? scope.ref(name, path) : scope.fault(path, 'Ref takes one name, a string'),
  'Fn::GetAtt': getAtt,
  'Fn::Sub': sub,
  'Fn::If': chooseBranch,
  'Fn::FindInMap': findInMap,
  'Fn::Transform': (_, path, scope) =>
    scope.fault(path, 'macros (Fn::Transform) are not available in the embedded AWS'),
  'Fn::ImportValue': (name, path, scope) =>
    scope.fault(path, `Fn::ImportValue of ${JSON.stringify(name)}: no other stack is deployed that exports it`),
  'Fn::Join': whenKnown((argument, path, scope) => {
    const [delimiter, items] = list(argument);
    const texts = list(items).map(asText);
    return typeof delimiter === 'string' && Array.isArray(items) && texts.every((text) => text !== undefined)
      ? texts.join(delimiter)
      : scope.fault(path, 'Fn::Join takes a delimiter and a list of strings');
  }),
  'Fn::Split': whenKnown((argument, path, scope) => {
    const [delimiter, text] = list(argument);
    return typeof delimiter === 'string' && delimiter !== '' && typeof text === 'string'
      ? text.split(delimiter)
      : scope.fault(path, 'Fn::Split takes a delimiter and a string');
  }),
  'Fn::Select': (argument, path, scope) => {
    const [index, items] = list(resolve(argument, path, scope));
    if (index === UNKNOWN || items === UNKNOWN) return UNKNOWN;
    const position = Number(asText(index) ?? Number.NaN);
    if (!Array.isArray(items)) return scope.fault(path, 'Fn::Select takes an index and a list');
    if (Number.isInteger(position) && position >= 0 && position < items.length) return items[position];
    return scope.fault(path, `Fn::Select asks for element ${asText(index)} of a list of ${items.length}`);
  },
  'Fn::Base64': whenKnown((text, path, scope) =>
    typeof text === 'string' ? Buffer.from(text).toString('base64') : scope.fault(path, 'Fn::Base64 takes a string'),
  ),
  'Fn::GetAZs': whenKnown((region, path, scope) =>
    typeof region === 'string'
      ? ['a', 'b', 'c', 'd', 'e', 'f'].map((zone) => `${region || scope.region}${zone}`)
      : scope.fault(path, 'Fn::GetAZs takes the name of a region'),
  ),
  'Fn::Cidr': whenKnown(cidr),
  'Fn::Length': whenKnown((items, path, scope) =>
    Array.isArray(items) ? items.length : scope.fault(path, 'Fn::Length takes a list'),
  ),
  'Fn::ToJsonString': whenKnown((value) => JSON.stringify(value)),
};

function callFunction(name: string, call: Record<string, unknown>, path: string, scope: Scope): unknown {
  if (Object.keys(call).length > 1) return scope.fault(path, `${name} must be the only key of its object`);
  const evaluate = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  return evaluate ? evaluate(call[name], path, scope) : scope.fault(path, `${name} is not available here`);
}

function resolveMembers(value: Record<string, unknown>, path: string, scope: Scope): Record<string, unknown> {
  const members = Object.entries(value).map(
    ([key, member]) => [key, resolve(member, `${path}.${key}`, scope)] as const,
  );
  return Object.fromEntries(members.filter(([, member]) => member !== NO_VALUE));
}

/** A function of its resolved argument alone: not called while a part of that isn't known. */
function whenKnown(evaluate: IntrinsicFunction): IntrinsicFunction {
  return (argument, path, scope) => {
    const resolved = resolve(argument, path, scope);
    return holdsUnknown(resolved) ? UNKNOWN : evaluate(resolved, path, scope);
  };
}

function getAtt(argument: unknown, path: string, scope: Scope): unknown {
  const [logicalId, ...attribute] =
    typeof argument === 'string' ? argument.split('.') : list(argument).map((part) => resolve(part, path, scope));
  if (typeof logicalId !== 'string' || attribute.length === 0 || attribute.some((part) => typeof part !== 'string')) {
    return scope.fault(path, 'Fn::GetAtt takes a logical id and an attribute');
  }
  return scope.attribute(logicalId, attribute.join('.'), path);
}

function sub(argument: unknown, path: string, scope: Scope): unknown {
  const [text, variables] = typeof argument === 'string' ? [argument, {}] : list(argument);
  if (typeof text !== 'string' || !isRecord(variables ?? {})) {
    return scope.fault(path, 'Fn::Sub takes a string, or a string and its variables');
  }
  const given = resolveMembers(isRecord(variables) ? variables : {}, path, scope);
  let unknown = false;
  const substituted = text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    const value = asText(substitute(name.trim(), given, path, scope));
    if (value === undefined) unknown = true;
    return value ?? '';
  });
  return unknown ? UNKNOWN : substituted;
}

function substitute(name: string, given: Record<string, unknown>, path: string, scope: Scope): unknown {
  const value = Object.hasOwn(given, name) ? given[name] : named(name, path, scope);
  if (value === UNKNOWN || asText(value) !== undefined) return value;
  return scope.fault(path, `Fn::Sub: \${${name}} is not a string`);
}

function named(name: string, path: string, scope: Scope): unknown {
  const dot = name.indexOf('.');
  return dot < 0 ? scope.ref(name, path) : scope.attribute(name.slice(0, dot), name.slice(dot + 1), path);
}

function chooseBranch(argument: unknown, path: string, scope: Scope): unknown {
  const [condition, whenTrue, whenFalse, ...more] = list(argument);
  if (typeof condition !== 'string' || whenFalse === undefined || more.length > 0) {
    return scope.fault(path, 'Fn::If takes the name of a condition and two values');
  }
  const holds = scope.condition(condition, path);
  if (holds === UNKNOWN) return UNKNOWN;
  if (scope.untaken) resolve(holds ? whenFalse : whenTrue, path, scope.untaken);
  return resolve(holds ? whenTrue : whenFalse, path, scope);
}

function findInMap(argument: unknown, path: string, scope: Scope): unknown {
  const [map, top, second, options] = list(resolve(argument, path, scope));
  if ([map, top, second].includes(UNKNOWN)) return UNKNOWN;
  const keys = [map, top, second].map(asText);
  const [mapName = '', topKey = '', secondKey = ''] = keys;
  const row = scope.mapping(mapName)?.[topKey];
  if (row && Object.hasOwn(row, secondKey)) return row[secondKey];
  if (isRecord(options) && 'DefaultValue' in options) return options.DefaultValue;
  return scope.fault(path, `Fn::FindInMap: Mappings has no ${keys.join('.')}`);
}

function cidr(argument: unknown, path: string, scope: Scope): unknown {
  const [block, count, cidrBits] = list(argument);
  const [address = '', mask = ''] = String(block).split('/');
  const [subnets, prefix] = [Number(count), 32 - Number(cidrBits ?? Number.NaN)];
  const available = 2 ** (prefix - Number(mask || Number.NaN));
  if (!isIPv4(address) || !(subnets >= 1 && subnets <= 256) || !(available >= subnets) || prefix > 32) {
    return scope.fault(
      path,
      'Fn::Cidr takes an IPv4 block, a count of 1 to 256 that it has room for, and the host bits',
    );
  }
  const size = 2 ** (32 - prefix);
  const start = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return Array.from({ length: subnets }, (_, index) => `${dotted(start + index * size)}/${prefix}`);
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

function refuseDynamicReference(text: string, path: string, scope: Scope): unknown {
  const reference = /\{\{resolve:[^}]*\}\}/.exec(text)?.[0];
  return reference ? scope.fault(path, `the dynamic reference ${reference} can't be resolved locally`) : text;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
