import type { Catcher, Retrier } from '../asl/definition.ts';
import type { StateError } from './state-error.ts';

/**
 * Whether `ErrorEquals` covers an error ("Handling errors in Step Functions workflows" in the developer guide). The guide
 * keeps `States.DataLimitExceeded` from `States.ALL`; AWS itself lets a Task's be caught so.
 */
export function covers(errorEquals: readonly string[], error: StateError): boolean {
  // A fault of the definition itself ends the execution, whatever catches it by name.
  if (error.error === 'States.Runtime') return false;
  if (error.error !== undefined && errorEquals.includes(error.error)) return true;
  if (error.alias !== undefined && errorEquals.includes(error.alias)) return true;
  if (errorEquals.includes('States.ALL')) return true;
  return errorEquals.includes('States.TaskFailed') && !error.isTimeout;
}

export function findCatcher(catchers: readonly Catcher[], error: StateError): Catcher | undefined {
  return catchers.find((catcher) => covers(catcher.errorEquals, error));
}

/** Counts what each retrier of a state has been used for since the state was entered. */
export class Retries {
  readonly #used = new Map<Retrier, number>();

  constructor(
    readonly retriers: readonly Retrier[],
    readonly random: () => number,
  ) {}

  get count(): number {
    let sum = 0;
    for (const used of this.#used.values()) sum += used;
    return sum;
  }

  /** Seconds to wait before the next attempt; `undefined` where there is none. */
  next(error: StateError): number | undefined {
    const retrier = this.retriers.find(({ errorEquals }) => covers(errorEquals, error));
    if (!retrier) return undefined;
    const used = this.#used.get(retrier) ?? 0;
    if (used >= retrier.maxAttempts) return undefined;
    this.#used.set(retrier, used + 1);
    const delay = retrier.intervalSeconds * retrier.backoffRate ** used;
    const capped = Math.min(delay, retrier.maxDelaySeconds ?? Number.POSITIVE_INFINITY);
    return retrier.fullJitter ? capped * this.random() : capped;
  }
}
