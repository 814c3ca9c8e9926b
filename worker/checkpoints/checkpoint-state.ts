import type { ManifestObject } from '../../core/manifest.ts';
import type { EntryKind } from '../pack/workspace-walk.ts';
import type { PackedEntries, Skipped, StoredEntry, Survey } from './checkpoint-child.ts';

/** An entry of the last checkpoint. */
export interface KeptEntry extends StoredEntry {
  /** The number of the archive that it lies in. */
  readonly archive: number;
  /** The oldest archive that may hold it, or what it was before. */
  readonly first: number;
}

/** What an archive still holds, though it lies in the workspace no more. */
export interface GoneEntry {
  readonly kind: EntryKind;
  /** Numbers of the oldest and the newest archive that may hold it. */
  readonly first: number;
  readonly last: number;
}

export interface RefusedEntry {
  readonly mark: string;
  readonly skipped: Skipped;
}

export interface KeptArchive {
  readonly object: ManifestObject;
  /** Of all that it holds, see `weightOf`. */
  readonly weight: number;
}

/** What the last checkpoint consists of. Entries are in the order of the workspace, archives in that of their numbers. */
export interface CheckpointState {
  readonly entries: ReadonlyMap<string, KeptEntry>;
  readonly gone: ReadonlyMap<string, GoneEntry>;
  readonly archives: ReadonlyMap<number, KeptArchive>;
  /** What could not be stored, by its mark: it is not tried again before that changes. */
  readonly refused: ReadonlyMap<string, RefusedEntry>;
  readonly skipped: readonly Skipped[];
  /** The log, and how much had been written to it. */
  readonly log?: { readonly object: ManifestObject; readonly written: number };
}

/** What a checkpoint is to store. */
export interface CheckpointPlan {
  /** The entries that go into a new archive. */
  readonly wanted: ReadonlySet<string>;
  /** The archives that stay; all that is needed of the others is among `wanted`. */
  readonly kept: ReadonlySet<number>;
  /** What is left out, because all of it would be too much. */
  readonly skipped: ReadonlyMap<string, Skipped>;
  /** Bytes that files may have grown by when they are stored. */
  readonly slack: number;
  /** Whether anything differs from the last checkpoint. */
  readonly isChange: boolean;
}

export const NO_CHECKPOINT: CheckpointState = {
  entries: new Map(),
  gone: new Map(),
  archives: new Map(),
  refused: new Map(),
  skipped: [],
};

/** Bytes that an entry takes in an archive, near enough: a header of its own for each. */
export function weightOf({ size }: { readonly size: number }): number {
  return size + 1024;
}

/** A new archive and what is in it. */
export interface PackedArchive extends PackedEntries {
  readonly number: number;
  readonly object: ManifestObject;
}

/** The state after a checkpoint, but for the log. */
export function stateAfter(
  state: CheckpointState,
  survey: Survey,
  plan: CheckpointPlan,
  packed?: PackedArchive,
): CheckpointState {
  const archives = new Map([...state.archives].filter(([number]) => plan.kept.has(number)));
  if (packed !== undefined && packed.stored.size > 0) archives.set(packed.number, archiveOf(packed));
  const entries = entriesAfter(state, survey, plan, packed);
  const skipped = new Map([...survey.skipped, ...plan.skipped, ...(packed?.skipped ?? [])]);
  return {
    ...state,
    archives,
    entries,
    gone: goneAfter(state, entries, [...archives.keys()]),
    refused: refusedAfter(state, survey, plan, packed),
    skipped: [...skipped.values()],
  };
}

function refusedAfter(
  state: CheckpointState,
  survey: Survey,
  plan: CheckpointPlan,
  packed: PackedArchive | undefined,
): Map<string, RefusedEntry> {
  const refused = new Map([...state.refused].filter(([key]) => plan.skipped.has(key)));
  for (const key of plan.wanted) {
    const skipped = packed?.skipped.get(key);
    const mark = survey.entries.get(key)?.mark;
    if (skipped !== undefined && mark !== undefined && !packed?.stored.has(key)) refused.set(key, { mark, skipped });
  }
  return refused;
}

function archiveOf({ object, stored }: PackedArchive): KeptArchive {
  let weight = 0;
  for (const entry of stored.values()) weight += weightOf(entry);
  return { object, weight };
}

function entriesAfter(
  state: CheckpointState,
  survey: Survey,
  plan: CheckpointPlan,
  packed: PackedArchive | undefined,
): Map<string, KeptEntry> {
  const entries = new Map<string, KeptEntry>();
  for (const key of survey.entries.keys()) {
    const before = state.entries.get(key);
    const stored = packed?.stored.get(key);
    if (stored !== undefined && packed !== undefined) {
      const first = plan.kept.size === 0 ? packed.number : (before ?? state.gone.get(key))?.first;
      entries.set(key, { ...stored, archive: packed.number, first: first ?? packed.number });
    } else if (before !== undefined && !plan.wanted.has(key) && !plan.skipped.has(key)) {
      entries.set(key, before);
    }
  }
  return entries;
}

function goneAfter(
  state: CheckpointState,
  entries: ReadonlyMap<string, KeptEntry>,
  archives: readonly number[],
): Map<string, GoneEntry> {
  const gone = new Map<string, GoneEntry>();
  const note = (key: string, entry: GoneEntry) => {
    const isHeld = archives.some((number) => entry.first <= number && number <= entry.last);
    if (isHeld && !entries.has(key)) gone.set(key, entry);
  };
  for (const [key, entry] of state.gone) note(key, entry);
  for (const [key, { kind, first, archive }] of state.entries) note(key, { kind, first, last: archive });
  return gone;
}
