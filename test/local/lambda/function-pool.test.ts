import { describe, expect, it } from 'vitest';
import type { FunctionConfiguration } from '../../../local/lambda/function-configuration.ts';
import { FunctionPool, type PooledThread } from '../../../local/lambda/function-pool.ts';

const CONFIGURATION: FunctionConfiguration = {
  name: 'Pooled',
  arn: 'arn:aws:lambda:us-east-1:000000000000:function:Pooled',
  handler: 'index.handler',
  runtime: 'nodejs24.x',
  role: 'arn:aws:iam::000000000000:role/r',
  directory: '/code',
  variables: {},
  timeoutSeconds: 3,
  memorySize: 128,
  logGroup: '/aws/lambda/Pooled',
  logFormat: 'Text',
  logsPlatformEvents: true,
};

/** A pool of threads whose events end when the test says so, in the order in which they began. */
function makePool(more: Partial<FunctionConfiguration> = {}) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const threads: (PooledThread & { usable: boolean; closed: boolean })[] = [];
  const pool = new FunctionPool({ ...CONFIGURATION, ...more }, () => {
    const thread = {
      usable: true,
      closed: false,
      start: async () => undefined,
      invoke: ({ requestId }: { requestId: string }) => {
        begun.push(requestId);
        return new Promise<{ body: string }>((resolve) => ends.push(() => resolve({ body: requestId })));
      },
      close: async () => {
        thread.closed = true;
      },
    };
    threads.push(thread);
    return thread;
  });
  const invoke = (requestId: string) => pool.invoke({ requestId, payload: '{}' });
  return { pool, begun, ends, threads, invoke };
}

describe('the threads of a function', () => {
  it('are four at most, and events beyond that run in order of arrival', async () => {
    const { begun, ends, threads, invoke } = makePool();
    const names = [...'abcdefghij'];

    const answers = Promise.all(names.map(invoke));
    await Promise.resolve();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    for (let ended = 0; ended < names.length; ended += 1) {
      ends[ended]?.();
      await new Promise(setImmediate);
      expect(begun.length - ended - 1).toBeLessThanOrEqual(4);
    }

    await answers;
    expect(begun).toEqual(names);
    expect(threads).toHaveLength(4);
  });

  it('do not let a newcomer overtake who waits', async () => {
    const { begun, ends, invoke } = makePool({ reservedConcurrency: 100 });
    const first = [...'abcde'].map(invoke);
    await new Promise(setImmediate);

    ends[0]?.();
    const late = invoke('late');
    for (let ended = 1; ended < 6; ended += 1) {
      ends[ended]?.();
      await new Promise(setImmediate);
    }

    await Promise.all([...first, late]);
    expect(begun).toEqual([...'abcde', 'late']);
  });

  it('are reused, and replaced when they are no longer usable', async () => {
    const { ends, threads, invoke } = makePool();
    const run = async (name: string, index: number) => {
      const answer = invoke(name);
      await new Promise(setImmediate);
      ends[index]?.();
      await answer;
    };

    await run('a', 0);
    await run('b', 1);
    if (threads[0]) threads[0].usable = false;
    await run('c', 2);

    expect(threads).toHaveLength(2);
  });

  it('are warmed up one at a time', async () => {
    const { pool, ends, threads, invoke } = makePool();

    await pool.warmUp();
    const answer = invoke('a');
    await new Promise(setImmediate);
    ends[0]?.();

    await answer;
    expect(threads).toHaveLength(1);
  });

  it('throttle beyond the reserved concurrency', async () => {
    const { ends, invoke } = makePool({ reservedConcurrency: 1 });
    const first = invoke('a');

    await expect(invoke('b')).rejects.toMatchObject({ code: 'TooManyRequestsException', status: 429 });

    ends[0]?.();
    await expect(first).resolves.toEqual({ body: 'a' });
  });

  it('are all closed with the pool', async () => {
    const { pool, ends, threads, invoke } = makePool();
    const answers = [invoke('a'), invoke('b')];
    await new Promise(setImmediate);

    await pool.close();
    for (const end of ends) end();
    await Promise.all(answers);

    expect(threads.map((thread) => thread.closed)).toEqual([true, true]);
  });
});
