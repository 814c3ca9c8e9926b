/** Codes of the errors that the API answers with; clients act on these, not on messages. */
export const ERROR_CODES = {
  VALIDATION_ERROR: 400,
  AGENT_UNAVAILABLE: 400,
  UNAUTHORIZED: 401,
  TENANT_SUSPENDED: 403,
  NOT_FOUND: 404,
  DISPATCH_NOT_FOUND: 404,
  ATTEMPT_NOT_FOUND: 404,
  OUTPUT_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  IDEMPOTENCY_CONFLICT: 409,
  IDEMPOTENCY_IN_PROGRESS: 409,
  DISPATCH_ENDED: 409,
  DISPATCH_NOT_ENDED: 409,
  TOO_MANY_ATTEMPTS: 409,
  DISPATCH_EXPIRED: 410,
  UNSUPPORTED_MEDIA_TYPE: 415,
  TOO_MANY_DISPATCHES: 429,
  INTERNAL_ERROR: 500,
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** One fault of a request: where it is, as a path through its fields, and what is wrong there. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** An error that the client reads: its message says what is wrong and what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details?: unknown,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  get status(): (typeof ERROR_CODES)[ErrorCode] {
    return ERROR_CODES[this.code];
  }
}

export function validationError(faults: readonly Fault[]): ApiError {
  const named = faults.map(({ path, message }) => (path === '' ? message : `${path} ${message}`));
  return new ApiError('VALIDATION_ERROR', `The request is not valid: ${named.join('; ')}.`, faults);
}

/** The same for a dispatch of another tenant, one that never was, and an id that is none: nothing is given away. */
export function dispatchNotFound(): ApiError {
  return new ApiError('DISPATCH_NOT_FOUND', 'There is no such dispatch.');
}

export function attemptNotFound(current: number): ApiError {
  return new ApiError('ATTEMPT_NOT_FOUND', `There is no such attempt: the current one is ${current}.`, {
    attempt: current,
  });
}
