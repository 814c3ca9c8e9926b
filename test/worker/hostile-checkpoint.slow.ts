import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKPOINT_INDEX, isArchive } from '../../core/artifact-keys.ts';
import { anotherUid, anyoneLives, CANARIES, CANARY, hostileEnvironment, linesOf } from './hostile-rig.ts';
import { openWorker, until, type WorkerInTest, type WorkerRun } from './worker-in-test.ts';

/** As in the container, where the worker is root. Checkpoints are taken while the agent runs beside them, as its user. */
describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('a checkpoint beside a hostile agent', () => {
  let worker: WorkerInTest;

  beforeAll(async () => {
    worker = await openWorker();
  });
  afterAll(() => worker.close());

  function start(uid: number, task: string): Promise<WorkerRun> {
    return worker.run(task, { environment: { ...hostileEnvironment(uid), CHECKPOINT_SECONDS: '0.3' } });
  }

  /** Swaps what lies in the workspace with links to what only root may read. */
  const SWAPPER = `
    const { renameSync } = require('node:fs');
    for (;;) for (const name of ['folder', 'file']) {
      renameSync(name, name + '.aside'); renameSync(name + '.link', name);
      renameSync(name, name + '.link'); renameSync(name + '.aside', name);
    }`;

  it('holds nothing that links lead to, whenever they are swapped', async () => {
    const secret = mkdtempSync(join(worker.folder, 'roots-'));
    writeFileSync(join(secret, 'inner'), CANARIES.secrets, { mode: 0o600 });
    const run = await start(
      anotherUid(),
      `mkdir folder; echo mine | tee folder/inner > file; ln -s '${secret}' folder.link; ln -s '${secret}/inner' file.link
      node -e "$(base64 -d <<< ${Buffer.from(SWAPPER).toString('base64')})" &
      until [ -e go ]; do date +%N > clock; sleep 0.05; done; kill $!`,
    );

    // Whoever follows the names gets there.
    await until(() => Array.from({ length: 200 }).some(() => leadsAstray(join(run.workspace, 'file'))));
    await until(async () => (await run.objects()).some((name) => Number(/workspace-(\d+)/.exec(name)?.[1]) > 3));
    const index = JSON.parse((await run.object(CHECKPOINT_INDEX)).toString('utf8')) as { files: { path: string }[] };
    const saved = await everyObject(run);
    writeFileSync(join(run.workspace, 'go'), '');
    const { exitCode } = await run.ended;

    expect(exitCode).toBe(0);
    expect(index.files.map(({ path }) => path)).toContain('clock');
    expect(saved.filter((bytes) => bytes.includes(CANARIES.secrets))).toEqual([]);
  });

  function leadsAstray(path: string): boolean {
    try {
      return readFileSync(path, 'utf8') === CANARIES.secrets;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  /** What lies under the attempt's prefix, unpacked from its compression; an object may go while it is looked at. */
  async function everyObject(run: WorkerRun): Promise<Buffer[]> {
    const names = await run.objects();
    const found = await Promise.allSettled(
      names.map(async (name) => (isArchive(name) ? gunzipSync(await run.object(name)) : run.object(name))),
    );
    return found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  it('is made by a child that has no secret, and whose end or standstill loses no output', async () => {
    const uid = anotherUid();
    const run = await start(
      uid,
      `set +eu
      attack() {
        pid=$(pgrep -n -u "$(id -u)" -f ' checkpoint ') && [ "$pid" != "$last" ] || return
        tr '\\0' '\\n' < /proc/$pid/environ > environ 2> /dev/null && echo "LOOKED INTO $(wc -l < environ)"
        grep -cE '${CANARY}|AWS_|SECRET|TOKEN' environ
        kill -s $1 "$pid" && echo "SENT $1" && last=$pid
      }
      for way in KILL STOP TERM; do
        until attack $way; do date +%N > clock; done # A child that ended before the signal was sent is none: the next.
        [ $way = STOP ] && sleep 1 && kill -KILL "$last"
      done
      echo kept > file`,
    );

    const began = Date.now();
    const { exitCode, stdout } = await run.ended;
    const lines = linesOf(stdout);

    expect({ exitCode, sent: lines.filter((line) => /^SENT/.test(line)) }).toEqual({
      exitCode: 0,
      sent: ['SENT KILL', 'SENT STOP', 'SENT TERM'],
    });
    expect(new Set(lines.filter((line) => /^\d+$/.test(line)))).toEqual(new Set(['0']));
    expect(lines.filter((line) => /^LOOKED/.test(line))).not.toEqual([]);
    expect((await run.manifest()).files.map(({ path }) => path)).toContain('file');
    expect(Date.now() - began).toBeLessThan(45_000);
    expect(anyoneLives(uid)).toBe(false);
  });
});
