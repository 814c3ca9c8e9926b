/**
 * Why a definition does not load.
 * - `INVALID`: Step Functions refuses it too
 * - `JSONPATH`, `OUT_OF_SCOPE`: Step Functions takes it, the embedded engine does not
 */
export type Refusal = 'INVALID' | 'JSONPATH' | 'OUT_OF_SCOPE';

export class DefinitionError extends Error {
  /** @param location where in the definition, e.g. `/States/Admit/Arguments/Key` */
  constructor(
    message: string,
    readonly location: string,
    readonly refusal: Refusal = 'INVALID',
  ) {
    super(`${message} at ${location}`);
    this.name = 'DefinitionError';
  }
}
