import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sitsIn } from '../../worker/processes/process-scan.ts';

/** Folder in folder, until the path is longer than Linux can say. */
const GO_DEEP = 'name=$(printf "d%.0s" {1..200}); for i in {1..30}; do mkdir $name; cd $name; done; echo; cat';

describe.runIf(process.platform === 'linux')('a process whose current folder has too long a path', () => {
  it('is not known to sit anywhere, and keeps nobody from looking at the others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outpost-deep-'));
    const deep = spawn('bash', ['-c', GO_DEEP], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await once(deep.stdout, 'data');

      const found = sitsIn(deep.pid ?? 0, folder);

      expect(found).toBe(false);
    } finally {
      deep.kill('SIGKILL');
      await once(deep, 'close');
      // Node's own names the whole path, and fails.
      execFileSync('rm', ['-rf', folder]);
    }
  });
});
