import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointRig, treeOf } from './checkpoint-in-test.ts';
import { bundleWorker } from './worker-bundle.ts';
import { until } from './worker-in-test.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-checkpoints-'));
const MiB = 1024 * 1024;
/** `CHECKPOINTED_FILES=100000 npm run test:slow -- checkpoint-taking` is what takes minutes. */
const FILES = Number(process.env['CHECKPOINTED_FILES'] ?? 20_000);
let bundle = '';

beforeAll(async () => {
  bundle = await bundleWorker(root);
});
afterAll(() => execFileSync('rm', ['-rf', root]));

/** Bytes that this process holds: of its heap what is in use, and in all. */
function held(): { heap: number; rss: number } {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

describe('checkpoints of a large workspace', () => {
  it(`hold ${FILES} files within bounds of memory, and a change of one of them costs little`, async () => {
    const rig = new CheckpointRig(bundle, root);
    const make = `for d in {1..100}; do mkdir $d; for f in {1..${FILES / 100}}; do echo $f > $d/$f; done; done`;
    execFileSync('bash', ['-c', make], { cwd: rig.workspace });
    const writtenAt = Date.now();
    await until(() => Date.now() - writtenAt > 1_050);
    const before = held();
    await rig.take();
    const after = held();
    const heap = (after.heap - before.heap) / MiB;
    const rss = (after.rss - before.rss) / MiB;
    rig.put('77/77', 'changed');

    const begunAt = performance.now();
    const names = await rig.take();
    const seconds = (performance.now() - begunAt) / 1000;

    console.log(
      `${FILES} files: ${heap.toFixed(0)} MiB in use, ${rss.toFixed(0)} MiB more of the machine's, index of ${(rig.bucket.get(names[1] ?? '').length / MiB).toFixed(1)} MiB, a change of one file in ${seconds.toFixed(1)} s`,
    );
    expect(rig.paths).toHaveLength(FILES);
    expect(rig.bucket.get(names[0] ?? '').length).toBeLessThan(1_000);
    expect(heap).toBeLessThan(100);
    expect(rss).toBeLessThan(250);
    execFileSync('rm', ['-rf', rig.workspace]);
  });
});

describe('checkpoints under an agent that never stops', () => {
  it('are whole one after the other', async () => {
    const rig = new CheckpointRig(bundle, root);
    // It ends between two commands, none of which outlives it.
    const churn = `trap over=1 TERM; while [ -z "$over" ]; do n=$((RANDOM % 40)); case $((RANDOM % 5)) in
      0) rm -rf "d$n" ;; 1) rm -rf "d$n"; ln -sfn "/etc" "d$n" ;;
      2) rm -rf "d$n"; mkdir -p "d$n/e"; echo $RANDOM > "d$n/e/f" ;;
      3) head -c $((RANDOM * 8)) /dev/urandom > "f$n" ;; 4) mv -T "d$n" "d$((n + 1))" ;;
      esac; done 2> /dev/null`;
    const agent = spawn('bash', ['-c', churn], { cwd: rig.workspace, stdio: 'ignore' });
    try {
      for (let round = 0; round < 25; round += 1) {
        await rig.take();
        rmSync(await rig.restore(), { recursive: true });
      }
    } finally {
      agent.kill('SIGTERM');
      await once(agent, 'close');
    }

    await rig.take();

    expect(await rig.restoredTree()).toBe(treeOf(rig.workspace));
  });
});
