import type { FunctionFault } from './thread-messages.ts';

/** An error that the runtime raises itself; its name is the `errorType` that a caller sees. */
export class RuntimeFault extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** What a caller sees of anything that a function throws. */
export function faultOf(error: unknown): FunctionFault {
  if (error instanceof Error) {
    return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}
