import { BlockList, isIP } from 'node:net';

/** Judges the values that an event has at a field: none where the field is missing, several where it is an array. */
export type LeafMatcher = (leaves: readonly unknown[]) => boolean;

type Refuse = (message: string) => Error;
type Test = (value: unknown) => boolean;
type StringTest = (value: string) => boolean;

const MAX_NUMBER = 5e9;

/** Compiles one entry of a list in a pattern: a value to be equal to, or an object with one operator. */
export function compileMatcher(entry: unknown, refuse: Refuse): LeafMatcher {
  if (typeof entry !== 'object' || entry === null) return someLeaf((value) => value === entry);
  const [operator, operand] = onlyEntry(entry, refuse);
  if (operator === 'exists') {
    if (typeof operand !== 'boolean') throw refuse("'exists' takes true or false");
    return (leaves) => leaves.length > 0 === operand;
  }
  return someLeaf(compileTest(operator, operand, refuse));
}

function someLeaf(test: Test): LeafMatcher {
  return (leaves) => leaves.some(test);
}

function compileTest(operator: string, operand: unknown, refuse: Refuse): Test {
  switch (operator) {
    case 'numeric':
      return numeric(operand, refuse);
    case 'cidr':
      return cidr(operand, refuse);
    case 'anything-but':
      return anythingBut(operand, refuse);
    case 'prefix':
    case 'suffix':
    case 'wildcard':
    case 'equals-ignore-case':
      return ofString(stringTest(operator, operand, refuse));
    default:
      throw refuse(`the operator '${operator}' is not one of EventBridge's`);
  }
}

function stringTest(operator: string, operand: unknown, refuse: Refuse): StringTest {
  const ignoreCase = ignoredCase(operand);
  if (ignoreCase !== undefined && (operator === 'prefix' || operator === 'suffix')) {
    const inner = stringTest(operator, ignoreCase.toLowerCase(), refuse);
    return (value) => inner(value.toLowerCase());
  }
  if (typeof operand !== 'string') throw refuse(`'${operator}' takes a string`);
  switch (operator) {
    case 'prefix':
      return (value) => value.startsWith(operand);
    case 'suffix':
      return (value) => value.endsWith(operand);
    case 'equals-ignore-case':
      return (value) => value.toLowerCase() === operand.toLowerCase();
    case 'wildcard':
      return wildcard(operand, refuse);
    default:
      throw refuse(`the operator '${operator}' is not one of EventBridge's`);
  }
}

function ignoredCase(operand: unknown): string | undefined {
  if (typeof operand !== 'object' || operand === null || !('equals-ignore-case' in operand)) return undefined;
  const text = operand['equals-ignore-case'];
  return typeof text === 'string' && Object.keys(operand).length === 1 ? text : undefined;
}

/** `*` is any text; `\*` and `\\` stand for themselves. Two `*` in a row are refused, as EventBridge does. */
function wildcard(pattern: string, refuse: Refuse): StringTest {
  const parts = pattern.match(/\\[*\\]|\*+|\\|[^*\\]+/g) ?? [];
  const source = parts.map((part) => {
    if (part === '\\') throw refuse("in a 'wildcard', only '*' and '\\' may follow a backslash");
    if (part.startsWith('*') && part.length > 1) throw refuse("a 'wildcard' may not have two '*' in a row");
    if (part === '*') return '.*';
    return escapeRegExp(part.startsWith('\\') ? part.slice(1) : part);
  });
  const expression = new RegExp(`^${source.join('')}$`, 's');
  return (value) => expression.test(value);
}

function numeric(operand: unknown, refuse: Refuse): Test {
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) {
    throw refuse("'numeric' takes one or two pairs of a comparison and a number");
  }
  const tests: ((value: number) => boolean)[] = [];
  for (let at = 0; at < operand.length; at += 2) tests.push(comparison(operand[at], operand[at + 1], refuse));
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function comparison(sign: unknown, bound: unknown, refuse: Refuse): (value: number) => boolean {
  if (typeof bound !== 'number' || Math.abs(bound) > MAX_NUMBER) {
    throw refuse(`'numeric' takes numbers from -${MAX_NUMBER} to ${MAX_NUMBER}`);
  }
  switch (sign) {
    case '=':
      return (value) => value === bound;
    case '<':
      return (value) => value < bound;
    case '<=':
      return (value) => value <= bound;
    case '>':
      return (value) => value > bound;
    case '>=':
      return (value) => value >= bound;
    default:
      throw refuse(`'numeric' does not know the comparison '${String(sign)}'`);
  }
}

function cidr(operand: unknown, refuse: Refuse): Test {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(String(operand)) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) throw refuse("'cidr' takes an address and its bits");
  const block = new BlockList();
  block.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return ofString((value) => isIP(value) === family && block.check(value, family === 4 ? 'ipv4' : 'ipv6'));
}

/** Takes a value, a list of values, or one of the string operators with one or several texts. */
function anythingBut(operand: unknown, refuse: Refuse): Test {
  if (typeof operand === 'object' && operand !== null && !Array.isArray(operand)) {
    const [operator, texts] = onlyEntry(operand, refuse);
    const tests = asList(texts).map((text) => stringTest(operator, text, refuse));
    return (value) => typeof value !== 'string' || !tests.some((test) => test(value));
  }
  const values = asList(operand);
  if (values.length === 0 || values.some((value) => !['string', 'number'].includes(typeof value))) {
    throw refuse("'anything-but' takes strings or numbers");
  }
  return (value) => !values.includes(value);
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function ofString(test: StringTest): Test {
  return (value) => typeof value === 'string' && test(value);
}

function onlyEntry(object: object, refuse: Refuse): [string, unknown] {
  const entries = Object.entries(object);
  if (entries.length !== 1 || !entries[0]) throw refuse('a list holds values and objects with one operator each');
  return entries[0];
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
