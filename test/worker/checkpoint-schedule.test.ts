import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKPOINT_INDEX, isArchive } from '../../core/artifact-keys.ts';
import { Checkpoints, pauseAfter } from '../../worker/checkpoints/checkpoints.ts';
import { CheckpointRig } from './checkpoint-in-test.ts';
import { bundleWorker } from './worker-bundle.ts';
import { until } from './worker-in-test.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-schedule-'));
let bundle = '';

beforeAll(async () => {
  bundle = await bundleWorker(root);
});
afterAll(() => rmSync(root, { recursive: true }));

/** @param intervalMs an hour, unless checkpoints are to come by themselves */
function newCheckpoints(intervalMs = 3_600_000) {
  const rig = new CheckpointRig(bundle, root);
  const said: string[] = [];
  const checkpoints = new Checkpoints({ intervalMs, say: (line) => void said.push(line) });
  checkpoints.start(rig.job());
  return { rig, said, checkpoints, names: () => [...rig.bucket.objects.keys()].sort() };
}

describe.concurrent('the checkpoints of an attempt', () => {
  it('come at every interval until the end, and not after it', async () => {
    const { rig, checkpoints } = newCheckpoints(50);
    rig.put('one');
    await until(() => rig.bucket.puts.includes(CHECKPOINT_INDEX) && rig.paths.includes('one'));
    rig.put('two');
    await until(() => rig.paths.includes('two'));

    await checkpoints.end();

    const before = rig.bucket.puts.length;
    rig.put('three');
    await checkpoints.takeNow();
    expect(rig.bucket.puts).toHaveLength(before);
  });

  it('keep no object that neither the last one names nor the one before', async () => {
    const { rig, checkpoints, names } = newCheckpoints();
    const seen: string[][] = [];

    for (const content of ['one', 'two', 'three']) {
      rig.put('file', content);
      await checkpoints.takeNow();
      seen.push(names().filter(isArchive));
    }

    const archives = [1, 2, 3].map((number) => `checkpoints/workspace-00000${number}.tar.gz`);
    expect(seen).toEqual([archives.slice(0, 1), archives.slice(0, 2), archives.slice(1)]);
    await checkpoints.end();
  });

  it('are no more, and none is removed, once one of them is presented', async () => {
    const { rig, said, checkpoints, names } = newCheckpoints();
    for (const content of ['one', 'two']) {
      rig.put('file', content);
      await checkpoints.takeNow();
    }
    rig.bucket.objects.set('manifest.json', rig.bucket.get(CHECKPOINT_INDEX));
    const before = names().filter(isArchive);

    for (const content of ['three', 'four']) {
      rig.put('file', content);
      await checkpoints.takeNow();
    }

    expect(names().filter(isArchive)).toEqual([...before, 'checkpoints/workspace-000003.tar.gz']);
    expect(said).toEqual(['There is a manifest already: no more checkpoints are taken.']);
    await checkpoints.end();
  });

  it('are not removed where nobody can say whether one is presented', async () => {
    const { rig, said, checkpoints, names } = newCheckpoints();
    rig.bucket.hasManifest = () => Promise.reject(new Error('denied'));

    for (const content of ['one', 'two', 'three']) {
      rig.put('file', content);
      await checkpoints.takeNow();
    }

    expect(names().filter(isArchive)).toHaveLength(3);
    expect(said).toEqual(['Whether there is a manifest cannot be told, so no checkpoint is removed: denied']);
    await checkpoints.end();
  });

  it('keep what the last one names, where the next one could not be taken', async () => {
    const { rig, said, checkpoints, names } = newCheckpoints();
    rig.put('file', 'one');
    await checkpoints.takeNow();
    const before = names();
    rig.put('file', 'two');
    rig.bucket.meanwhile = () => Promise.reject(new Error('S3 is away'));

    await checkpoints.takeNow();

    expect(names()).toEqual(before);
    expect(said).toEqual(['A checkpoint could not be taken, and the next one holds it: S3 is away']);
    await checkpoints.end();
  });

  it('are removed with their index first, and not without it', async () => {
    const { rig, said, checkpoints, names } = newCheckpoints();
    rig.put('file');
    await checkpoints.takeNow();
    await checkpoints.end();
    const before = names();
    const remove = rig.bucket.removeObject.bind(rig.bucket);
    rig.bucket.removeObject = () => Promise.reject(new Error('denied'));
    await checkpoints.discard();
    const between = names();
    rig.bucket.removeObject = remove;

    await checkpoints.discard();

    expect([between, names()]).toEqual([before, []]);
    expect(said).toEqual([expect.stringContaining(`${CHECKPOINT_INDEX} is of no use any more`)]);
  });

  it('give up quietly what is under way at the end of the agent, and go on', async () => {
    const { rig, said, checkpoints } = newCheckpoints();
    rig.put('large', Buffer.alloc(1));
    rig.bucket.meanwhile = () => checkpoints.interrupt();
    rig.put('random', randomBytes(2_000_000));
    await checkpoints.takeNow();
    const between = [...rig.bucket.puts];

    await checkpoints.takeNow();

    expect({ said, between }).toEqual({ said: [], between: [] });
    expect(rig.paths).toEqual(['large', 'random']);
    await checkpoints.end();
  });

  it('end with the last one, which is given up when its time is over', async () => {
    const rig = new CheckpointRig(bundle, root);
    const said: string[] = [];
    const checkpoints = new Checkpoints({ intervalMs: 3_600_000, say: (line) => void said.push(line) });
    const hangs = { file: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] };
    checkpoints.start({ ...rig.job(), program: hangs });

    await checkpoints.takeLast(50);

    await Promise.all([checkpoints.takeNow(), checkpoints.end()]);
    expect({ said, puts: rig.bucket.puts }).toEqual({ said: [], puts: [] });
  });
});

describe('the pause after a checkpoint', () => {
  it.each([
    { tookMs: 0, pauseMs: 60_000 },
    { tookMs: 5_000, pauseMs: 50_000 },
    { tookMs: 20_000, pauseMs: 20_000 },
    { tookMs: 90_000, pauseMs: 90_000 },
  ])('is $pauseMs ms where that one took $tookMs, of a minute', ({ tookMs, pauseMs }) => {
    expect(pauseAfter(tookMs, 60_000)).toBe(pauseMs);
  });
});
