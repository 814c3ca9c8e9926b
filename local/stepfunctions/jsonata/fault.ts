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
}
