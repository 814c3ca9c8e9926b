import { execFileSync } from 'node:child_process';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archive } from '../../worker/pack/archive.ts';
import { IgnoreRules } from '../../worker/pack/ignore-rules.ts';
import type { PackLine } from '../../worker/pack/packed-file.ts';
import type { SafeFolder } from '../../worker/pack/safe-folder.ts';
import { surveyWorkspace } from '../../worker/pack/workspace-survey.ts';
import { CheckpointRig } from './checkpoint-in-test.ts';
import { bundleWorker } from './worker-bundle.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-deep-'));
const deep = mkdtempSync(join(root, 'workspace-'));
/** 2,400 folders, one in the other: calls within calls came to an end at 2,000. */
const leaf = `${'d/'.repeat(2_400)}leaf`;
let bundle = '';

beforeAll(async () => {
  nest(deep, 'd/'.repeat(1_200), 2);
  bundle = await bundleWorker(root);
});
// Node's own removal stops at a path that is too long.
afterAll(() => execFileSync('rm', ['-rf', root]));

/** Makes these folders within themselves so many times, and a file in the innermost. */
function nest(workspace: string, folders: string, times: number): void {
  const script = 'for ((at = 0; at < $2; at++)); do mkdir -p "$1" && cd -P "$1"; done; echo x > leaf';
  execFileSync('bash', ['-c', script, 'nest', folders, String(times)], { cwd: workspace });
  writeFileSync(join(workspace, 'top'), 'top');
}

function packed(workspace: string): { paths: string[]; skipped: { path: string; reason: string }[] } {
  const lines: PackLine[] = [];
  for (const _ of archive(workspace, (line) => lines.push(line)));
  return {
    paths: lines.flatMap((line) => ('file' in line ? [line.file.path] : [])),
    skipped: lines.flatMap((line) => ('skipped' in line ? [line.skipped] : [])),
  };
}

describe('a workspace with folders nested deeper than any stack', () => {
  it('is archived as it is', () => {
    const { paths, skipped } = packed(deep);

    expect({ paths, skipped }).toEqual({ paths: [leaf, 'top'], skipped: [] });
  });

  it('is archived without what lies too deep, which is named', () => {
    const workspace = mkdtempSync(join(root, 'workspace-'));
    nest(workspace, 'd'.repeat(200), 50);

    const { paths, skipped } = packed(workspace);

    expect(paths).toEqual(['top']);
    expect(skipped).toEqual([{ path: expect.stringMatching(/^(d{200}\/)+d{200}$/), reason: 'lies too deep' }]);
  });

  it('has checkpoints', async () => {
    const rig = new CheckpointRig(bundle, root);

    await rig.takeAs({ ...rig.job(), workspace: deep });

    expect(rig.paths).toEqual([leaf, 'top']);
  });

  it('is looked at for a patch, and every folder is closed again', () => {
    const folders = new EndlessFolders();

    const survey = surveyWorkspace(folders.open(), IgnoreRules.none, 1, () => undefined);

    expect(survey).toEqual({ nested: [], large: [] });
    expect(folders.opened).toBeGreaterThan(4_000);
    expect(folders.closed).toBe(folders.opened);
  });
});

/** A folder in a folder, and so on, as deep as one looks. */
class EndlessFolders {
  opened = 0;
  closed = 0;

  open(): SafeFolder {
    this.opened += 1;
    const folder: Pick<SafeFolder, 'names' | 'facts' | 'openFolder' | 'close'> = {
      names: () => [Buffer.from('d')],
      facts: () => statSync(root),
      openFolder: () => this.open(),
      close: () => {
        this.closed += 1;
      },
    };
    return folder as SafeFolder;
  }
}
