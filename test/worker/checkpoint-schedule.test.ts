import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKPOINT_INDEX } from '../../core/artifact-keys.ts';
import { Checkpoints } from '../../worker/checkpoints/checkpoints.ts';
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

  it('keep no object that the last one does not name', async () => {
    const { rig, checkpoints, names } = newCheckpoints();
    rig.put('file', 'one');
    await checkpoints.takeNow();
    rig.put('file', 'two');

    await checkpoints.takeNow();

    expect(names()).toEqual([CHECKPOINT_INDEX, 'checkpoints/workspace-000002.tar.gz']);
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
    rig.put('random', Buffer.from(Array.from({ length: 2_000_000 }, (_, at) => (at * 2_654_435_761) >>> 13)));
    await checkpoints.takeNow();
    const between = [...rig.bucket.puts];

    await checkpoints.takeNow();

    expect({ said, between }).toEqual({ said: [], between: [] });
    expect(rig.paths).toEqual(['large', 'random']);
    await checkpoints.end();
  });
});
