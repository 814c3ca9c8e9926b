/** A failure that a client of the embedded AWS sees in the shape of its service's protocol. */
export class AwsError extends Error {
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;

  /**
   * @param code the error's name as the service documents it, e.g. `ExecutionDoesNotExist`
   * @param fields further members of the error's shape, e.g. `{ Item }` of a failed condition
   */
  constructor(
    readonly code: string,
    message: string,
    options: { status?: number; fields?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AwsError';
    this.status = options.status ?? 400;
    this.fields = options.fields ?? {};
  }
}

/** What a client sees of a fault of ours: retryable, without our insides. */
export function asAwsError(error: unknown): AwsError {
  return error instanceof AwsError
    ? error
    : new AwsError('InternalFailure', 'The request processing has failed because of an unknown error.', {
        status: 500,
        cause: error,
      });
}
