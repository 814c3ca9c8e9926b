import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { familyOf, type ProcessFact, ProcessTable } from '../../../local/ecs/process-table.ts';
import { StartQueue } from '../../../local/ecs/start-queue.ts';
import { isAlive } from './stand.ts';

const MARKER = 'OUTPOST_TEST_MARKER';

function fact(pid: number, parent: number, session: number, marker?: string): ProcessFact {
  return { pid, parent, group: session, session, marker };
}
const wanted = { marked: (marker: string) => marker === 'mine', folder: '/a/b' };

describe('the family of a marked process', () => {
  it.each<[string, ProcessFact[], number[]]>([
    ['is itself', [fact(10, 1, 10, 'mine'), fact(11, 1, 11, 'other'), fact(12, 1, 12)], [10]],
    [
      'includes descendants without the marker',
      [fact(12, 11, 12), fact(11, 10, 11), fact(10, 2, 10, 'mine')],
      [10, 11, 12],
    ],
    ['includes members of the session that it leads', [fact(10, 1, 10, 'mine'), fact(11, 1, 10)], [10, 11]],
    ['includes members of its session whose leader is dead', [fact(11, 1, 10, 'mine'), fact(12, 1, 10)], [11, 12]],
    ['is not the shell that it was started from', [fact(10, 1, 10), fact(11, 10, 10, 'mine'), fact(12, 10, 10)], [11]],
    [
      'includes what works in its folder',
      [
        { ...fact(10, 1, 10), place: '/a/b/c' },
        { ...fact(11, 1, 11), place: '/a/bc' },
      ],
      [10],
    ],
    ['is never us, nor the first process', [fact(1, 0, 1, 'mine'), fact(process.pid, 1, 2, 'mine')], []],
  ])('%s', (_, processes, expected) => {
    const family = familyOf(processes, wanted);

    expect([...family].sort((a, b) => a - b)).toEqual(expected);
  });
});

describe('the process table', () => {
  it('finds processes by their environment, and kills them until none is left', async () => {
    const value = `test-${process.pid}`;
    const script = `require('node:child_process').spawn(process.execPath, ['-e', 'console.log(process.pid); setInterval(() => {}, 1000)'],
      { detached: true, stdio: ['ignore', 'inherit', 'ignore'] }); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', script], {
      env: { [MARKER]: value },
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [output] = await once(child.stdout, 'data');
    const grandchild = Number(String(output));
    const table = new ProcessTable(MARKER);

    const found = (await table.snapshot()).filter(({ marker }) => marker === value).map(({ pid }) => pid);
    const survivors = await table.kill({ marked: (marker) => marker === value });

    expect(found.sort()).toEqual([child.pid, grandchild].sort());
    expect(survivors).toEqual([]);
    expect([child.pid ?? 0, grandchild].map(isAlive)).toEqual([false, false]);
  });
});

describe('a process that dies slowly', () => {
  it('is waited for, though it has lost its environment before it is gone', async () => {
    const table = new ProcessTable(MARKER);
    const pid = 2 ** 22 + 1;
    const snapshot = vi.spyOn(table, 'snapshot');
    for (const left of [[fact(pid, 1, pid, 'mine')], [fact(pid, 1, pid)], []]) snapshot.mockResolvedValueOnce(left);

    const survivors = await table.kill(wanted);

    expect(survivors).toEqual([]);
    expect(snapshot).toHaveBeenCalledTimes(3);
  });
});

describe('the start queue', () => {
  it('lets as many in as it may, the others in their order, and forgets who gave up', async () => {
    const queue = new StartQueue(1);
    const never = new AbortController().signal;
    const impatient = new AbortController();
    const order: string[] = [];
    const first = await queue.turn(never);
    const second = queue.turn(impatient.signal);
    const third = queue.turn(never).then((leave) => {
      order.push('third');
      return leave;
    });
    const fourth = queue.turn(never).then(() => order.push('fourth'));

    impatient.abort();
    const givenUp = await second;
    first?.();
    first?.();
    const leave = await third;
    const before = [...order];
    leave?.();
    await fourth;

    expect(givenUp).toBeUndefined();
    expect(before).toEqual(['third']);
    expect(order).toEqual(['third', 'fourth']);
  });
});
