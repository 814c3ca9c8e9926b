import type { AttemptRef } from '../../core/ids.ts';
import type { AgentRooms } from '../agent/agent-rooms.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import type { WorkerKit } from '../worker-kit.ts';

/** One attempt, handed to a worker. */
export interface AttemptWork extends WorkerKit {
  readonly attempt: AttemptRef;
  /** The warm slot that it runs on. @default a cold ECS task */
  readonly slotId?: string;
  /** The folders of the run; asked for once, behind the fence. @param user whose they are, by default the kit's */
  openRooms(user?: AgentUser): Promise<AgentRooms>;
  /** A last question before the fence, answered by nothing or by the words of a refusal. @default nobody is asked */
  mayBegin?(): Promise<string | undefined>;
}

/** How a worker's work on an attempt ended. */
export interface AttemptEnd {
  /** The container's exit code. */
  readonly exitCode: number;
  /** It was asked to stop before the agent had ended by itself. */
  readonly stopped: boolean;
}
