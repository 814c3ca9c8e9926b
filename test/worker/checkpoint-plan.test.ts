import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackedEntries, SeenEntry, StoredEntry, Survey } from '../../worker/checkpoints/checkpoint-child.ts';
import {
  type CheckpointPlan,
  type CheckpointState,
  NO_CHECKPOINT,
  stateAfter,
  weightOf,
} from '../../worker/checkpoints/checkpoint-state.ts';
import { planCheckpoint } from '../../worker/checkpoints/plan-checkpoint.ts';
import { SHA256 } from '../lambdas/records.ts';

const NO_LIMIT = 1024 ** 4;

type Workspace = Map<string, SeenEntry>;
type Archives = Map<number, Map<string, StoredEntry>>;

/** Checkpoints of a workspace that is a table, where archives are tables too. */
class Rounds {
  state: CheckpointState = NO_CHECKPOINT;
  readonly archives: Archives = new Map();
  private number = 0;

  /** @param vanishing paths that are gone when they are to be stored */
  take(workspace: Workspace, { vanishing = [] as string[], maxBytes = NO_LIMIT } = {}): CheckpointPlan {
    this.number += 1;
    const survey: Survey = { entries: new Map([...workspace].sort(byWalk)), skipped: new Map() };
    const plan = planCheckpoint(this.state, survey, maxBytes);
    if (plan.wanted.size === 0) {
      if (plan.isChange) this.state = stateAfter(this.state, survey, plan);
      return plan;
    }
    const packed = pack(survey, plan, new Set(vanishing));
    this.archives.set(this.number, new Map(packed.stored));
    const object = { name: `archive ${this.number}`, size: 1, sha256: SHA256 };
    this.state = stateAfter(this.state, survey, plan, { number: this.number, object, ...packed });
    return plan;
  }

  /** What somebody has who unpacks all of it and removes what is to be removed. */
  unpacked(): Map<string, string> {
    const unpacked = new Map<string, StoredEntry>();
    for (const number of this.state.archives.keys()) {
      for (const [path, entry] of this.archives.get(number) ?? []) {
        const there = unpacked.get(path);
        const fits = there === undefined || there.kind === entry.kind || ![there.kind, entry.kind].includes('folder');
        if (!fits) throw new Error(`${path} is a ${there?.kind} and cannot become a ${entry.kind}.`);
        unpacked.set(path, entry);
      }
    }
    for (const gone of this.state.gone.keys()) {
      for (const path of [...unpacked.keys()]) if (path === gone || path.startsWith(`${gone}/`)) unpacked.delete(path);
    }
    return new Map([...unpacked].map(([path, { mark }]) => [path, mark]));
  }

  get weight(): { living: number; held: number } {
    let living = 0;
    let held = 0;
    for (const entry of this.state.entries.values()) living += weightOf(entry);
    for (const archive of this.state.archives.values()) held += archive.weight;
    return { living, held };
  }
}

function pack({ entries }: Survey, { wanted }: CheckpointPlan, vanishing: ReadonlySet<string>): PackedEntries {
  const stored = [...entries].filter(([path]) => wanted.has(path) && !vanishing.has(path));
  const skipped = [...wanted].filter((path) => vanishing.has(path));
  return {
    stored: new Map(stored.map(([path, entry]) => [path, { ...entry, sha256: SHA256, executable: false }])),
    skipped: new Map(skipped.map((path) => [path, { path, reason: 'vanished before it was read' }])),
  };
}

function byWalk([one, a]: [string, SeenEntry], [other, b]: [string, SeenEntry]): number {
  const key = (path: string, { kind }: SeenEntry) => (kind === 'folder' ? `${path}/` : path);
  return Buffer.compare(Buffer.from(key(one, a)), Buffer.from(key(other, b)));
}

function marks(workspace: Workspace): Map<string, string> {
  return new Map([...workspace].map(([path, { mark }]) => [path, mark]));
}

const file = (mark: string, size = 10): SeenEntry => ({ kind: 'file', size, mark });
const FOLDER: SeenEntry = { kind: 'folder', size: 0, mark: '755' };

/** Few names, so that they are used again, as other things. */
const NAMES = ['a', 'a-b', 'b'];
const steps = fc.array(
  fc.record({
    path: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
    becomes: fc.constantFrom('file' as const, 'link' as const, 'folder' as const, 'nothing' as const),
    size: fc.constantFrom(1, 5_000, 2_000_000),
    vanishes: fc.boolean(),
    isLast: fc.boolean(),
  }),
  { maxLength: 60 },
);

/** Puts something into a workspace, with the folders that it needs, or takes it out with all that is in it. */
function change(workspace: Workspace, path: string, becomes: string, entry: SeenEntry): void {
  const folders = path
    .split('/')
    .slice(0, -1)
    .map((_, at, names) => names.slice(0, at + 1).join('/'));
  if (becomes !== 'folder') {
    for (const other of [...workspace.keys()]) if (other.startsWith(`${path}/`)) workspace.delete(other);
    workspace.delete(path);
  }
  if (becomes === 'nothing') return;
  for (const folder of folders) if (workspace.get(folder)?.kind !== 'folder') workspace.set(folder, FOLDER);
  workspace.set(path, entry);
}

describe('checkpoints of a workspace', () => {
  it('are the workspace, unpacked in order, whatever happens to it', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const rounds = new Rounds();
        const workspace: Workspace = new Map();
        let vanishing: string[] = [];
        for (const [at, { path, becomes, size, vanishes, isLast }] of all.entries()) {
          const kind = becomes === 'folder' || becomes === 'link' ? becomes : 'file';
          const entry: SeenEntry =
            kind === 'folder' ? FOLDER : { kind, size: kind === 'file' ? size : 0, mark: `mark ${at}` };
          change(workspace, path, becomes, entry);
          if (vanishes && kind === 'file') vanishing.push(path);
          if (!isLast) continue;

          vanishing = vanishing.filter((name) => workspace.get(name)?.kind === 'file');

          const { wanted } = rounds.take(workspace, { vanishing });

          for (const name of vanishing) if (wanted.has(name)) workspace.delete(name);
          vanishing = [];
          expect(rounds.unpacked()).toEqual(marks(workspace));
          expect([...rounds.state.entries.keys()].sort()).toEqual([...workspace.keys()].sort());
          const { living, held } = rounds.weight;
          expect(held).toBeLessThanOrEqual(2 * living);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('store what is new or changed alone, and nothing where nothing is', () => {
    const rounds = new Rounds();
    const workspace: Workspace = new Map([
      ['big', file('1', 1_000_000)],
      ['small', file('1')],
    ]);
    rounds.take(workspace);
    workspace.set('small', file('2'));

    const second = rounds.take(workspace);
    const third = rounds.take(workspace);

    expect([...second.wanted]).toEqual(['small']);
    expect([third.wanted.size, third.isChange]).toEqual([0, false]);
    expect([...rounds.state.archives.keys()]).toEqual([1, 2]);
  });

  it('store a file again whose last reading may have missed a change', () => {
    const rounds = new Rounds();
    const workspace: Workspace = new Map([['file', file('1')]]);
    rounds.take(workspace);
    const unsure = [...rounds.state.entries].map(([path, entry]) => [path, { ...entry, mark: '' }] as const);
    rounds.state = { ...rounds.state, entries: new Map(unsure) };

    const { wanted } = rounds.take(workspace);

    expect([...wanted]).toEqual(['file']);
  });

  it('count what an archive holds in full, whatever size its file is said to have later', () => {
    const rounds = new Rounds();
    rounds.take(new Map([['file', file('1', 1_000)]]));

    const { wanted, kept } = rounds.take(new Map([['file', file('1', 0)]]));

    expect([[...wanted], [...kept]]).toEqual([['file'], []]);
  });

  it('begin anew where more than half of what is held is superseded', () => {
    const rounds = new Rounds();
    const workspace: Workspace = new Map([0, 1, 2, 3].map((at) => [`file-${at}`, file('1', 1_000_000)]));
    rounds.take(workspace);
    for (const name of ['file-0', 'file-1', 'file-2']) workspace.delete(name);

    const { wanted } = rounds.take(workspace);

    expect([...wanted]).toEqual(['file-3']);
    expect([[...rounds.state.archives.keys()], [...rounds.state.gone]]).toEqual([[2], []]);
  });

  it('are few archives, however many there were', () => {
    const rounds = new Rounds();
    const workspace: Workspace = new Map();
    for (let at = 0; at < 1_000; at += 1) {
      workspace.set(`file-${at}`, file('1', 100));
      rounds.take(workspace);
    }

    expect(rounds.state.archives.size).toBeLessThan(12);
    expect(rounds.unpacked()).toEqual(marks(workspace));
  });

  it('begin anew where a folder takes the place of a file, so that they can be unpacked', () => {
    const rounds = new Rounds();
    rounds.take(
      new Map([
        ['big', file('1', 1_000_000)],
        ['a', file('1')],
      ]),
    );
    rounds.take(new Map([['big', file('1', 1_000_000)]]));
    const workspace: Workspace = new Map([
      ['big', file('1', 1_000_000)],
      ['a', FOLDER],
      ['a/b', file('2')],
    ]);

    rounds.take(workspace);

    expect([...rounds.state.archives.keys()]).toEqual([3]);
    expect(rounds.unpacked()).toEqual(marks(workspace));
  });

  it('do not try again what could not be stored before it changes', () => {
    const rounds = new Rounds();
    const workspace: Workspace = new Map([['locked', file('1')]]);
    rounds.take(workspace, { vanishing: ['locked'] });

    const again = rounds.take(workspace, { vanishing: ['locked'] });
    const skipped = rounds.state.skipped;
    workspace.set('locked', file('2'));
    const changed = rounds.take(workspace);

    expect([again.wanted.size, again.isChange]).toEqual([0, false]);
    expect(skipped).toEqual([{ path: 'locked', reason: 'vanished before it was read' }]);
    expect([[...changed.wanted], rounds.state.skipped]).toEqual([['locked'], []]);
  });

  it('leave out the largest files where all would be too much, and take back what was stored of them', () => {
    const rounds = new Rounds();
    const workspace: Workspace = new Map([
      ['growing', file('1', 100)],
      ['small', file('1', 50)],
    ]);
    rounds.take(workspace, { maxBytes: 200 });
    workspace.set('growing', file('2', 180));

    const { slack } = rounds.take(workspace, { maxBytes: 200 });

    expect(slack).toBe(150);
    expect([...rounds.unpacked().keys()]).toEqual(['small']);
    expect(rounds.state.skipped).toEqual([
      { path: 'growing', reason: 'is left out: it has 180 bytes, and all files together may have 200 bytes' },
    ]);
  });
});
