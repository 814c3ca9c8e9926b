import { AwsError } from '../../gateway/aws-error.ts';
import type { Clock } from '../engine/clock.ts';
import { LaneAborted, StateError } from '../engine/state-error.ts';
import { executionOfToken } from '../engine/task-token.ts';
import type { JsonText } from '../json.ts';

interface Waiting {
  succeed(output: JsonText): void;
  fail(error: StateError): void;
  heartbeat(): void;
}

/** The Tasks that wait for their token to come back. */
export class TaskTokens {
  readonly #waiting = new Map<string, Waiting>();

  /** @param executionExists tells a token that has had its time from one that never was */
  constructor(
    readonly clock: Clock,
    readonly executionExists: (executionArn: string) => boolean,
  ) {}

  /**
   * Waits for a token.
   * @param heartbeatSeconds the longest silence, from now and from each heartbeat
   * @throws StateError where the Task is failed or falls silent
   */
  wait(token: string, heartbeatSeconds: number | undefined, signal: AbortSignal): Promise<JsonText> {
    return new Promise((resolve, reject) => {
      let silence = new AbortController();
      const settle = (act: () => void) => {
        silence.abort('over');
        signal.removeEventListener('abort', onAbort);
        this.#waiting.delete(token);
        act();
      };
      const onAbort = () => settle(() => reject(new LaneAborted()));
      const listen = () => {
        silence.abort('over');
        silence = new AbortController();
        if (heartbeatSeconds === undefined) return;
        this.clock.deadline(heartbeatSeconds * 1000, silence.signal, () => {
          settle(() => reject(StateError.heartbeatTimeout()));
        });
      };
      this.#waiting.set(token, {
        succeed: (output) => settle(() => resolve(output)),
        fail: (error) => settle(() => reject(error)),
        heartbeat: listen,
      });
      signal.addEventListener('abort', onAbort);
      if (signal.aborted) onAbort();
      else listen();
    });
  }

  /** @throws AwsError `InvalidToken`, `TaskDoesNotExist`, `TaskTimedOut` */
  waiting(token: string): Waiting {
    const waiting = this.#waiting.get(token);
    if (waiting) return waiting;
    const execution = executionOfToken(token);
    if (execution === undefined) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
    if (!this.executionExists(execution)) {
      throw new AwsError('TaskDoesNotExist', "Task Does Not Exist: 'Provided task does not exist'");
    }
    throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
  }
}
