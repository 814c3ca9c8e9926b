import { z } from 'zod';

const Rule = z.looseObject({ Condition: z.string(), Next: z.string() });
const Catcher = z.looseObject({ ErrorEquals: z.array(z.string()), Next: z.string() });
const State = z.looseObject({
  Type: z.enum(['Task', 'Choice', 'Wait', 'Pass', 'Succeed', 'Fail', 'Parallel', 'Map']),
  Resource: z.string().optional(),
  Arguments: z.looseObject({ FunctionName: z.string().optional() }).optional(),
  Seconds: z.union([z.number(), z.string()]).optional(),
  Retry: z.array(z.looseObject({ MaxAttempts: z.number().optional() })).optional(),
  Next: z.string().optional(),
  Choices: z.array(Rule).default([]),
  Default: z.string().optional(),
  Catch: z.array(Catcher).default([]),
});
type State = z.infer<typeof State>;

/** A state machine in the Amazon States Language, as far as a drawing shows it. */
export const Definition = z.looseObject({ StartAt: z.string(), States: z.record(z.string(), State) });
export type Definition = z.infer<typeof Definition>;

export interface StateNode {
  readonly name: string;
  readonly type: State['Type'];
  /** What the state does, in a few words. */
  readonly detail: string;
}

export interface Transition {
  readonly from: string;
  readonly to: string;
  readonly kind: 'next' | 'choice' | 'catch';
  /** When it is taken, in lines; empty where it always is. */
  readonly label: readonly string[];
}

export interface StateGraph {
  readonly start: string;
  readonly nodes: readonly StateNode[];
  readonly transitions: readonly Transition[];
}

export function stateGraph({ StartAt, States }: Definition): StateGraph {
  const states = Object.entries(States);
  return {
    start: StartAt,
    nodes: states.map(([name, state]) => ({ name, type: state.Type, detail: detail(state) })),
    transitions: states.flatMap(([name, state]) => transitions(name, state)),
  };
}

function transitions(from: string, { Next, Choices, Default, Catch }: State): Transition[] {
  return [
    ...(Default ? [{ from, to: Default, kind: 'choice' as const, label: ['otherwise'] }] : []),
    ...Choices.map(({ Condition, Next: to }) => ({ from, to, kind: 'choice' as const, label: wrap(words(Condition)) })),
    ...(Next ? [{ from, to: Next, kind: 'next' as const, label: [] }] : []),
    ...Catch.map(({ ErrorEquals, Next: to }) => ({
      from,
      to,
      kind: 'catch' as const,
      label: ErrorEquals.map(errorWords),
    })),
  ];
}

function detail({ Type, Resource = '', Arguments, Seconds, Retry = [] }: State): string {
  const retried = Retry.some(({ MaxAttempts }) => MaxAttempts !== 0) ? ' ↻' : '';
  if (Type === 'Wait') return typeof Seconds === 'number' ? `Wait ${Seconds} s` : `Wait ${words(Seconds ?? '')} s`;
  if (Type !== 'Task') return Type;
  const functionName = /^\$\{(\w+?)(?:Function)?\}$/.exec(Arguments?.FunctionName ?? '')?.[1];
  return `${functionName ? `Lambda ${kebab(functionName)}` : Resource.replace(/^.*:::/, '')}${retried}`;
}

/** A JSONata expression as a person would say it: without its marks, and with a long list left out. */
function words(expression: string): string {
  return expression
    .replace(/^\{%\s*|\s*%\}$/g, '')
    .replace(/\$states\.input\.|\$(?=\w)/g, '')
    .replace(/\$\{(\w+)\}/g, '$1')
    .replace(/\[[^\]]{30,}\]/g, '[…]')
    .replace(/ \* /g, ' × ')
    .replace(/!=/g, '≠')
    .replace(/''/g, 'nothing');
}

function errorWords(error: string): string {
  return error === 'States.ALL' ? 'any error' : error;
}

function wrap(text: string): string[] {
  return text.split(/ (?=and |or )/);
}

function kebab(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase();
}
