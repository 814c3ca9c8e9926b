import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WRITTEN } from '../agents/agent-in-test.ts';
import { requestTo, usageOfReplies } from '../agents/request-in-test.ts';
import { bootInImages, type OutpostInImages, WITH_A_MODEL } from './outpost-in-images.ts';

let outpost: OutpostInImages;
beforeAll(async () => {
  outpost = await bootInImages();
}, 120_000);
afterAll(() => outpost?.close());

/** Says where and as whom it runs; a line each. */
const LOOK_AROUND = `
echo "user: $(id -u):$(id -g)"
echo "groups: $(id -G)"
echo "system: $(. /etc/os-release; echo $ID $VERSION_ID)"
echo "node: $(node --version)"
echo "place: $(pwd)"
echo "init: $(tr '\\0' ' ' < /proc/1/cmdline)"
echo "core dumps: $(ulimit -H -c)"
env | grep -E '^(AWS|ECS)_' && echo 'variables of AWS'
echo kept > kept.txt`;

/** Whatever of other users' processes it can look into, write to or change; nothing where all is well. */
const HOSTILE = `
head -c 1 /proc/self/environ > /dev/null && echo 'can look into itself'
for process in /proc/[0-9]*; do
  [ "$(stat --format %u $process 2>/dev/null)" = 0 ] || continue
  echo "of root: $(cat $process/comm)"
  for file in environ mem maps auxv; do
    if head -c 1 $process/$file > /dev/null 2>&1; then echo "LOOKED INTO $process/$file"; fi
  done
  for link in cwd root exe fd/0; do
    if readlink $process/$link > /dev/null 2>&1; then echo "FOLLOWED $process/$link"; fi
  done
  if kill -CONT \${process#/proc/} 2>/dev/null; then echo "SIGNALLED $process"; fi
done
for folder in /opt/outpost /opt/agent /usr/local/bin /etc /sbin; do
  if touch $folder/mine 2>/dev/null; then echo "WROTE TO $folder"; fi
done
if ulimit -H -c unlimited 2>/dev/null; then echo 'MAY DUMP CORE'; fi
if mknod disk b 8 0 2>/dev/null; then echo 'MADE A DEVICE'; fi
if unshare --mount true 2>/dev/null; then echo 'MADE A NAMESPACE'; fi
ls /tmp/outpost-* > /dev/null 2>&1 && echo 'LISTED THE WORKER’S FOLDER'
echo "looked around as $(id -u)"`;

describe('a dispatch to shell', () => {
  it.each(['cold', 'warm'])('runs as the agent’s user in the image, and leaves its output in S3: %s', async (start) => {
    if (start === 'warm') await outpost.warm('shell');

    const id = await outpost.post({ agent: 'shell', task: LOOK_AROUND });
    const ended = await outpost.ended(id);

    const log = await outpost.logOf(id);
    expect(ended, log).toMatchObject({ status: 'success', startedOn: start, exitCode: 0 });
    expect(log).toContain('user: 1001:1001\ngroups: 1001\nsystem: debian 12\nnode: v24.');
    expect(log).toContain(
      'place: /workspace\ninit: /sbin/docker-init -- node --max-semi-space-size=1 /opt/outpost/main.mjs',
    );
    expect(log).toContain('core dumps: 0');
    expect(log).not.toContain('variables of AWS');
    expect(await outpost.filesOf(id)).toEqual(['kept.txt']);
  });

  it('cannot look into the worker, change the image, or become more than it is', async () => {
    const id = await outpost.post({ agent: 'shell', task: HOSTILE });
    const ended = await outpost.ended(id);

    const log = await outpost.logOf(id);
    expect(ended, log).toMatchObject({ status: 'success' });
    expect(log).toMatch(/^of root: docker-init$/m);
    expect(log).toMatch(/^of root: (node|MainThread)$/m);
    expect(log).toMatch(/^can look into itself$/m);
    expect(log).toContain('looked around as 1001');
    expect(log).not.toMatch(/^[A-Z]{3,} /m);
  });

  it('ends when it is cancelled, though it will not, with the output that it had', async () => {
    const task = `echo some > part.txt; trap '' TERM; echo holding; (setsid sleep 300 &); sleep 300`;
    const id = await outpost.post({ agent: 'shell', task });
    await outpost.when(id, ({ logs }) => JSON.stringify(logs ?? '').includes('holding'));

    await outpost.cancel(id);
    const ended = await outpost.ended(id);

    expect(ended).toMatchObject({ status: 'cancelled' });
    expect(await outpost.filesOf(id)).toEqual(['part.txt']);
  });

  it('finds in its persistent workspace what the dispatch before has left', async () => {
    const where = { agent: 'shell', repo: 'acme/demo', workspaceMode: 'persistent' };
    await outpost.ended(await outpost.post({ ...where, task: 'echo note > note; git add note; git commit -qm note' }));

    const id = await outpost.post({ ...where, task: 'cat note README.md; git log --format=%s' });
    const ended = await outpost.ended(id);

    const log = await outpost.logOf(id);
    expect(ended, log).toMatchObject({ status: 'success' });
    expect(log).toContain('note\n# Demo\nnote\nBegin');
  });
});

// All of them cold first: meanwhile the pool grows.
describe.each(['cold', 'warm'])('a dispatch to an agent with a model, %s,', (start) => {
  it.each(WITH_A_MODEL.map(({ name }) => name))(
    'leaves the file that the model had it write, and its tokens: %s',
    async (name) => {
      if (start === 'warm') await outpost.warm(name);
      const before = outpost.model.exchanges.length;

      const id = await outpost.post(requestTo(name));
      const ended = await outpost.ended(id);

      const exchanges = outpost.model.exchanges.slice(before);
      expect(ended, await outpost.logOf(id)).toMatchObject({
        status: 'success',
        startedOn: start,
        usage: usageOfReplies(exchanges.length),
      });
      expect(exchanges.length).toBeGreaterThan(0);
      expect(await outpost.filesOf(id), await outpost.logOf(id)).toEqual([WRITTEN.name]);
    },
  );
});
