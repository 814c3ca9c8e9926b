import { type EcsStop, readStop } from '../../core/ecs-stop.ts';
import type { SlotRef, SlotStop } from '../../core/slot.ts';
import type { PoolStore } from './pool-store.ts';
import type { TaskCallback } from './task-callback.ts';

/** How a slot ended, as its own execution hands it back: what ECS says of the stop, or words where nothing is known. */
export type SlotReport = { readonly stop: EcsStop } | { readonly error: string; readonly cause: string };

export interface CloseCollaborators {
  readonly pool: Pick<PoolStore, 'close'>;
  readonly callback: Pick<TaskCallback, 'succeed'>;
  readonly now: () => Date;
}

/** Characters of others' words that a tombstone keeps. */
const MAX_WORDS = 1_000;

/**
 * Does for a slot what its own execution could not: makes it a tombstone, and hands the stop to the dispatch that waits
 * for it, as `warm-slot.asl.json` does. Returns `false` where it was a tombstone before; whoever made it one hands back.
 */
export async function closeSlot(
  { pool, callback, now }: CloseCollaborators,
  ref: SlotRef,
  report: SlotReport,
): Promise<boolean> {
  const closed = await pool.close(ref, asSlotStop(report), now());
  // A refused token is no error: the dispatch has ended by its worker's own report, or gone cold.
  if (closed?.taskToken) await callback.succeed(closed.taskToken, report);
  return closed !== undefined;
}

function asSlotStop(report: SlotReport): SlotStop {
  if ('error' in report) return { error: cut(report.error), cause: cut(report.cause) };
  const { taskArn, stopCode, stoppedReason, exitCode } = readStop(report.stop);
  return {
    ...(taskArn === undefined ? {} : { taskArn }),
    ...(stopCode === undefined ? {} : { stopCode }),
    ...(stoppedReason === undefined ? {} : { stoppedReason: cut(stoppedReason) }),
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

function cut(words: string): string {
  return words.slice(0, MAX_WORDS);
}
