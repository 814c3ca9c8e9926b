import type { ExpressionOutcome } from './expression.ts';

/** Why a field could not be evaluated, in AWS's words; the state's name and event come in front of it. */
export class TemplateFault extends Error {
  /** @param location the field, `undefined` where the fault is of the state's input */
  constructor(
    message: string,
    readonly location: string | undefined,
    readonly error: 'States.QueryEvaluationError' | 'States.DataLimitExceeded' = 'States.QueryEvaluationError',
  ) {
    super(message);
    this.name = 'TemplateFault';
  }

  static of(outcome: Exclude<ExpressionOutcome, { kind: 'value' }>, source: string, location: string): TemplateFault {
    const subject = `The JSONata expression '${source}' specified for the field '${location}'`;
    switch (outcome.kind) {
      case 'undefined':
        return new TemplateFault(`${subject} returned nothing (undefined).`, location);
      case 'unsupported':
        return new TemplateFault(`${subject} returned an unsupported result type.`, location);
      case 'too-large':
        return new TemplateFault(
          `${subject} returned a result with a size exceeding the maximum number of bytes service limit.`,
          location,
          'States.DataLimitExceeded',
        );
      case 'error':
        return new TemplateFault(`${subject} threw an error during evaluation. ${outcome.message}`, location);
    }
  }
}
