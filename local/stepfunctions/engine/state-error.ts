/** Most characters of a cause; what a fault quotes would otherwise grow without end where a Catch feeds it back. */
const LONGEST_CAUSE = 32_768;

/** Why a state failed: what Retry and Catch look at, and in the end the execution's own error. */
export class StateError extends Error {
  override readonly cause: string | undefined;

  /**
   * @param error the error's name; a Fail state and SendTaskFailure may leave it out
   * @param alias a second name that ErrorEquals may use for it
   */
  constructor(
    readonly error: string | undefined,
    cause: string | undefined,
    readonly alias?: string,
  ) {
    super(error ?? 'An error without a name');
    this.name = 'StateError';
    this.cause = cause?.slice(0, LONGEST_CAUSE);
  }

  static runtime(cause: string): StateError {
    return new StateError('States.Runtime', cause);
  }

  static timeout(): StateError {
    return new StateError('States.Timeout', '');
  }

  /** A missed heartbeat: recorded as `States.Timeout`, documented as `States.HeartbeatTimeout`. */
  static heartbeatTimeout(): StateError {
    return new StateError('States.Timeout', '', 'States.HeartbeatTimeout');
  }

  static dataLimit(task: string): StateError {
    const cause = `The state/task '${task}' returned a result with a size exceeding the maximum number of bytes service limit.`;
    return new StateError('States.DataLimitExceeded', cause);
  }

  get isTimeout(): boolean {
    return this.error === 'States.Timeout';
  }

  /** `error` and `cause` as events carry them: what is empty is left out. */
  get details(): { readonly error?: string; readonly cause?: string } {
    return { ...(this.cause && { cause: this.cause }), ...(this.error !== undefined && { error: this.error }) };
  }

  /** `$states.errorOutput`. */
  get output(): { readonly Error: string | null; readonly Cause: string | null } {
    return { Error: this.error ?? null, Cause: this.cause ?? null };
  }
}

/** Thrown in a lane whose execution or sibling has ended: it stops without a trace of its own. */
export class LaneAborted extends Error {
  constructor() {
    super('The lane was aborted.');
    this.name = 'LaneAborted';
  }
}
