import { type EcsStop, readStop } from '../../core/ecs-stop.ts';
import type { Slot, SlotRef, SlotStop } from '../../core/slot.ts';
import type { ExecutionState } from './execution-state.ts';
import type { PoolStore } from './pool-store.ts';
import type { TaskCallback } from './task-callback.ts';
import { withoutStepFunctions } from './without-step-functions.ts';

/** How a slot ended, as its own execution hands it back: what ECS says of the stop, or words where nothing is known. */
export type SlotReport = { readonly stop: EcsStop } | { readonly error: string; readonly cause: string };

export interface CloseCollaborators {
  readonly pool: Pick<PoolStore, 'close' | 'get' | 'stopHandedBack'>;
  readonly callback: Pick<TaskCallback, 'succeed'>;
  readonly now: () => Date;
}

/** Characters of others' words that a tombstone keeps. */
const MAX_WORDS = 1_000;

/**
 * Does for a slot what its own execution could not: makes it a tombstone, and hands the stop to the dispatch that waits
 * for it, as `warm-slot.asl.json` does. Repeating it completes what an earlier try left undone. Returns `false` where it
 * was a tombstone before.
 */
export async function closeSlot(collaborators: CloseCollaborators, ref: SlotRef, report: SlotReport): Promise<boolean> {
  const { pool, now } = collaborators;
  const closed = await pool.close(ref, asSlotStop(report), now());
  // One that is a tombstone already may be so by an earlier try of ours, whose answer was lost.
  const slot = closed ?? (await pool.get(ref));
  if (slot) await handBackStop(collaborators, slot, report);
  return closed !== undefined;
}

/** Hands the stop of a tombstone to the dispatch that waits for it, where that is due. */
export async function handBackStop(
  { pool, callback }: Pick<CloseCollaborators, 'pool' | 'callback'>,
  slot: Slot,
  report: SlotReport = asSlotReport(slot.stop),
): Promise<void> {
  if (!slot.stopDue || slot.taskToken === undefined) return;
  // A refused token is no error: the dispatch has ended by its worker's own report, or gone cold.
  await callback.succeed(slot.taskToken, report);
  await pool.stopHandedBack(slot);
}

/** How the ECS task of a slot stopped, by what ECS says and how the slot's own execution ended. */
export function stopOfSlot(stop: EcsStop, execution: ExecutionState): EcsStop {
  if (execution.status !== 'closed') return stop;
  return withoutStepFunctions(stop, execution.endedAs, 'execution of its warm slot');
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

function asSlotReport({ error, cause = '', exitCode, ...stop }: SlotStop = {}): SlotReport {
  if (error !== undefined) return { error, cause };
  const worker = { name: 'worker', ...(exitCode === undefined ? {} : { exitCode }) };
  const { taskArn, stopCode, stoppedReason } = stop;
  return {
    stop: {
      ...(taskArn === undefined ? {} : { taskArn }),
      ...(stopCode === undefined ? {} : { stopCode }),
      ...(stoppedReason === undefined ? {} : { stoppedReason }),
      containers: [worker],
    },
  };
}

function cut(words: string): string {
  return words.slice(0, MAX_WORDS);
}
