import { attemptName } from '../../core/ids.ts';
import {
  type Replay,
  type ReplayAnswer,
  type ReplayAnswerName,
  type ReplayCollaborators,
  replayDispatch,
} from '../shared/replay-dispatch.ts';

/** A replay that has to wait for the tenant's other dispatches: Lambda tries again, and keeps what failed in the end. */
export class NoPlaceLeft extends Error {
  override readonly name = 'NoPlaceLeft';

  constructor(replay: Replay, maxConcurrent: number) {
    super(
      `${attemptName(replay)} was not replayed: its tenant has ${maxConcurrent} living dispatches, as many as may.`,
    );
  }
}

export interface ReplayCounts {
  /** One replay was asked for, and this became of it. */
  answered(answer: ReplayAnswerName): void;
}

/**
 * Replays what an event asks for. Where there is nothing to replay, that is an answer: it would be the same at the next
 * try. Throws `NoPlaceLeft` where it would not.
 */
export async function replay(
  collaborators: ReplayCollaborators & { readonly counts: ReplayCounts },
  asked: Replay,
): Promise<ReplayAnswer> {
  const answer = await replayDispatch(collaborators, asked);
  collaborators.counts.answered(answer.answer);
  if (answer.answer === 'no-place') throw new NoPlaceLeft(asked, answer.maxConcurrent);
  return answer;
}
