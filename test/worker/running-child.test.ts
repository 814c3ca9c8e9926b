import { describe, expect, it } from 'vitest';
import { agentUser } from '../../worker/agent/agent-user.ts';
import { type RunningChild, startChild, type WorkspaceChild } from '../../worker/pack/running-child.ts';

/** Ends at once, and leaves a process behind that is in no group of its own and holds all its pipes. */
const LEAVES_ANOTHER = 'exec 4<&0; setsid sleep 60 <&4 & printf %s "$!"';

function start(script: string, options: Partial<WorkspaceChild> = {}): RunningChild {
  const program = { file: 'bash', args: ['-c', script] };
  return startChild({ title: 'The child', ...program, env: {}, user: agentUser(undefined), ...options });
}

async function first(chunks: AsyncIterable<Buffer>): Promise<string> {
  for await (const chunk of chunks) return chunk.toString('utf8');
  throw new Error('There was nothing.');
}

describe('a child whose pipes another process holds open', () => {
  it('is over when its time is up', async () => {
    const running = start(LEAVES_ANOTHER, { timeoutMs: 2_000 });
    const pid = Number(await first(running.stdout));

    const ended = running.ended.catch((error: Error) => error.message);

    await expect(ended).resolves.toBe('The child was not ready within 2 seconds.');
    process.kill(pid, 'SIGKILL');
  });

  it('is over when it is stopped, and whoever reads hears why', async () => {
    const stop = new AbortController();
    const running = start(LEAVES_ANOTHER, { stop: stop.signal });
    const pid = Number(await first(running.stdout));
    const line = running.lines.next().catch((error: Error) => error.message);

    stop.abort();

    const ended = running.ended.catch((error: Error) => error.message);
    expect(await Promise.all([line, ended])).toEqual(['The child was stopped.', 'The child was stopped.']);
    process.kill(pid, 'SIGKILL');
  });

  it('is over when nobody wants it any more', async () => {
    const running = start(LEAVES_ANOTHER);
    const pid = Number(await first(running.stdout));

    running.end();

    await running.ended.catch((error: Error) => error);
    process.kill(pid, 'SIGKILL');
  });
});
