import { arnMatcher, wildcard } from './patterns.ts';

/** Condition keys and their values, as a request carries them. */
export type RequestContext = Readonly<Record<string, readonly string[]>>;

/** One key of a statement's `Condition`. All of a statement's conditions must hold. */
export interface Condition {
  readonly key: string;
  holds(context: RequestContext): boolean;
}

/** Compares one value of the request with one value of the policy. */
type Comparison = (wanted: string) => (value: string) => boolean;

/** Keys that requests to the embedded AWS carry. A key that nothing sets would never hold: it is refused at boot. */
const KEYS: ReadonlySet<string> = new Set(
  [
    ...['aws:PrincipalArn', 'aws:PrincipalAccount', 'aws:RequestedRegion', 'aws:SecureTransport', 'aws:CurrentTime'],
    ...['aws:SourceArn', 'aws:SourceAccount', 'aws:ResourceAccount', 'aws:EpochTime'],
    ...['ecs:cluster', 'ecs:CreateAction', 'iam:PassedToService', 'events:source', 'events:detail-type', 's3:prefix'],
    ...['elasticfilesystem:AccessedViaMountTarget'],
  ].map((key) => key.toLowerCase()),
);

/** Services whose keys may appear in policies although no such request is ever made here. */
const ELSEWHERE = /^(kms|ecr|ec2|xray|cloudwatch|sts):/;

const equals: Comparison = (wanted) => (value) => value === wanted;
const equalsIgnoreCase: Comparison = (wanted) => (value) => value.toLowerCase() === wanted.toLowerCase();
const number =
  (compare: (value: number, wanted: number) => boolean): Comparison =>
  (wanted) =>
  (value) =>
    compare(Number(value), Number(wanted));
const date =
  (compare: (value: number, wanted: number) => boolean): Comparison =>
  (wanted) =>
  (value) =>
    compare(Date.parse(value), Date.parse(wanted));

/** The operators, and those that are another one's opposite. */
const OPERATORS: Readonly<Record<string, Comparison>> = {
  StringEquals: equals,
  StringEqualsIgnoreCase: equalsIgnoreCase,
  StringLike: (wanted) => wildcard(wanted),
  ArnEquals: arnMatcher,
  ArnLike: arnMatcher,
  Bool: equalsIgnoreCase,
  NumericEquals: number((value, wanted) => value === wanted),
  NumericLessThan: number((value, wanted) => value < wanted),
  NumericLessThanEquals: number((value, wanted) => value <= wanted),
  NumericGreaterThan: number((value, wanted) => value > wanted),
  NumericGreaterThanEquals: number((value, wanted) => value >= wanted),
  DateLessThan: date((value, wanted) => value < wanted),
  DateGreaterThan: date((value, wanted) => value > wanted),
};
const OPPOSITES: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
};

/**
 * Reads the `Condition` of a statement.
 * @throws Error naming an operator or a key that isn't known
 */
export function readConditions(block: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Condition[] {
  return Object.entries(block).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, wanted]) => readCondition(operator, key, [wanted].flat().map(String))),
  );
}

function readCondition(written: string, key: string, wanted: readonly string[]): Condition {
  if (!KEYS.has(key.toLowerCase()) && !ELSEWHERE.test(key)) throw new Error(`the condition key '${key}' is not known`);
  const [, quantifier, operator = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(written) ?? [];
  if (operator === 'Null') {
    return { key, holds: (context) => wanted.includes(String(valuesOf(context, key) === undefined)) };
  }
  const opposite = Object.hasOwn(OPPOSITES, operator) ? OPPOSITES[operator] : undefined;
  const name = opposite ?? operator;
  const comparison = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (!comparison) throw new Error(`the condition operator '${written}' is not known`);
  const matchers = wanted.map(comparison);
  const fits = (value: string) => matchers.some((matches) => matches(value)) !== (opposite !== undefined);
  return {
    key,
    holds: (context) => {
      const values = valuesOf(context, key);
      // A key that the request lacks fails every comparison, save the negated ones and those that say IfExists.
      if (values === undefined)
        return ifExists !== undefined || opposite !== undefined || quantifier === 'ForAllValues';
      return quantifier === 'ForAllValues' ? values.every(fits) : values.some(fits);
    },
  };
}

/** Condition keys are compared without regard to case. */
export function valuesOf(context: RequestContext, key: string): readonly string[] | undefined {
  return Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
}
