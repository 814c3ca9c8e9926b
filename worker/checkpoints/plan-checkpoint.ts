import { fitOutput } from '../pack/output-limit.ts';
import { namedPath } from '../pack/packed-file.ts';
import type { SeenEntry, Skipped, Survey } from './checkpoint-child.ts';
import { type CheckpointPlan, type CheckpointState, weightOf } from './checkpoint-state.ts';

/**
 * Plans a checkpoint: what is new or changed goes into a new archive. So does what an older one holds, where less than
 * half of that one is still needed, or no more than goes into the new one anyway: so archives stay few, and hold no more
 * than twice what is needed.
 */
export function planCheckpoint(state: CheckpointState, survey: Survey, maxBytes: number): CheckpointPlan {
  const refused = stillRefused(state, survey);
  const { leftOut, slack } = fitOutput(fileSizes(survey, refused), maxBytes);
  const skipped = new Map([...refused, ...[...leftOut].map(leftOutEntry)]);
  const present = [...survey.entries].filter(([key]) => !skipped.has(key));
  const chosen = present.some(([key, entry]) => changesKind(state, key, entry))
    ? { wanted: new Set(present.map(([key]) => key)), kept: new Set<number>() }
    : choose(state, present);
  return { ...chosen, skipped, slack, isChange: isChange(state, survey, chosen, present, skipped) };
}

function stillRefused({ refused }: CheckpointState, { entries }: Survey): Map<string, Skipped> {
  const same = [...refused].filter(([key, { mark }]) => entries.get(key)?.mark === mark);
  return new Map(same.map(([key, { skipped }]) => [key, skipped]));
}

function fileSizes({ entries }: Survey, refused: ReadonlyMap<string, Skipped>): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [key, { kind, size }] of entries) if (kind === 'file' && !refused.has(key)) sizes.set(key, size);
  return sizes;
}

function leftOutEntry([key, reason]: readonly [string, string]): [string, Skipped] {
  return [key, { ...namedPath(Buffer.from(key, 'latin1')), reason }];
}

/** A folder in place of a file, or the other way round, cannot be unpacked over what was there. */
function changesKind({ entries, gone }: CheckpointState, key: string, { kind }: SeenEntry): boolean {
  const before = (entries.get(key) ?? gone.get(key))?.kind;
  return before !== undefined && before !== kind && (before === 'folder' || kind === 'folder');
}

type Chosen = Pick<CheckpointPlan, 'wanted' | 'kept'>;

function choose(state: CheckpointState, present: readonly (readonly [string, SeenEntry])[]): Chosen {
  const wanted = new Set<string>();
  const kept = new Set<number>();
  const living = new Map<number, { keys: string[]; weight: number }>();
  let weight = 0;
  for (const [key, entry] of present) {
    const before = state.entries.get(key);
    if (before !== undefined && isSame(before, entry)) {
      const held = living.get(before.archive) ?? { keys: [], weight: 0 };
      held.keys.push(key);
      held.weight += weightOf(before);
      living.set(before.archive, held);
    } else {
      wanted.add(key);
      weight += weightOf(entry);
    }
  }
  for (const [number, archive] of [...state.archives].reverse()) {
    const held = living.get(number) ?? { keys: [], weight: 0 };
    if (held.weight > weight && held.weight * 2 >= archive.weight) {
      kept.add(number);
    } else {
      for (const key of held.keys) wanted.add(key);
      weight += held.weight;
    }
  }
  return { wanted, kept };
}

/** The mark says all of it; but it is the child that tells, and what an archive holds must count in full. */
function isSame(before: SeenEntry, entry: SeenEntry): boolean {
  return before.mark === entry.mark && before.kind === entry.kind && before.size === entry.size;
}

function isChange(
  state: CheckpointState,
  survey: Survey,
  { wanted, kept }: Chosen,
  present: readonly (readonly [string, SeenEntry])[],
  skipped: ReadonlyMap<string, Skipped>,
): boolean {
  if (wanted.size > 0 || kept.size < state.archives.size || present.length !== state.entries.size) return true;
  return JSON.stringify([...survey.skipped.values(), ...skipped.values()]) !== JSON.stringify(state.skipped);
}
