import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentProgram } from '../../worker/agents/agent-program.ts';
import { shell } from '../../worker/agents/shell.ts';
import { TASK_ARN } from '../lambdas/records.ts';
import { openSlots, type SlotsInTest } from './slot-in-test.ts';
import { until } from './worker-in-test.ts';

let slots: SlotsInTest;

beforeAll(async () => {
  slots = await openSlots();
});
afterAll(() => slots.close());

function probing(script: string, changes: Partial<AgentProgram> = {}): { program: AgentProgram } {
  return { program: { ...shell, probe: { file: 'bash', args: ['-euc', script] }, ...changes } };
}

describe.concurrent('a worker that gets ready for its slot', () => {
  it('is WARM under its ECS task, seen now', async () => {
    const worker = await slots.serve();

    await worker.is('WARM');
    const slot = await worker.slot();

    expect(slot).toMatchObject({ taskArn: TASK_ARN, warmAt: expect.any(String), seenAt: expect.any(String) });
  });

  it("is not WARM before the agent's CLI has answered", async () => {
    const go = join(mkdtempSync(join(slots.folder, 'go-')), 'go');
    const worker = await slots.serve({ kit: probing(`echo probing; until [ -e '${go}' ]; do sleep 0.02; done`) });
    await until(() => worker.said.join('').includes('probing'));
    const before = await worker.slot();

    writeFileSync(go, '');
    await worker.is('WARM');

    expect(before).toMatchObject({ state: 'BOOTING' });
    expect(before).not.toHaveProperty('taskArn');
  });

  it('leaves in the rooms of the dispatch what the CLI sets up at its first start, and nothing in its workspace', async () => {
    const worker = await slots.serve({
      kit: probing('touch "$HOME/set-up" "$TMPDIR/set-up" stray'),
      task: '[ -e "$HOME/set-up" ] && [ -e "$TMPDIR/set-up" ] && [ -z "$(ls -A)" ]',
    });
    await worker.is('WARM');

    await worker.claim();
    await worker.assign();
    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
  });

  it('has the files in its home that the CLI reads, from its probe on', async () => {
    const homeFiles = { '.cli/deep/settings.json': '{}', '.clirc': 'x' };
    const reads = '[ "$(cat "$HOME/.cli/deep/settings.json" "$HOME/.clirc")" = "{}x" ]';
    const worker = await slots.serve({ kit: probing(reads, { homeFiles }), task: reads });
    await worker.is('WARM');

    await worker.claim();
    await worker.assign();
    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
  });

  it('keeps what Node compiled of a CLI that is a program for Node', async () => {
    const worker = await slots.serve({
      kit: probing('echo "$NODE_COMPILE_CACHE" > "$HOME/cache"', { runsOnNode: true }),
      task: '[ -n "$NODE_COMPILE_CACHE" ] && [ "$NODE_COMPILE_CACHE" = "$(cat "$HOME/cache")" ]',
    });
    await worker.is('WARM');

    await worker.claim();
    await worker.assign();
    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
  });

  it('leaves nothing of its rooms on the machine', async () => {
    const worker = await slots.serve({ kit: probing('dirname "$(dirname "$HOME")"') });
    await worker.is('WARM');
    const rooms = worker.said.find((line) => line.startsWith('/'))?.trim() ?? '';
    const before = existsSync(rooms);

    worker.stop();
    await worker.ended;

    expect({ before, after: existsSync(rooms) }).toEqual({ before: true, after: false });
  });

  it.each([
    { case: 'exits with an error', kit: probing('exit 3'), exit: 1, says: 'exited with code 3' },
    { case: 'does not answer', kit: probing('sleep 300'), probeMs: 100, exit: 1, says: 'did not end within 100 ms' },
    {
      case: 'is missing',
      kit: probing('', { probe: { file: 'no-such-cli', args: [] } }),
      exit: 127,
      says: 'no program `no-such-cli`',
    },
    { case: 'is unknown', kit: { program: undefined }, exit: 127, says: 'does not know how to run' },
  ])("fails to boot where the agent's CLI $case, and says why", async ({ kit, exit, says, probeMs = 20_000 }) => {
    const worker = await slots.serve({ kit, times: { probeMs } });

    const exitCode = await worker.ended;

    expect(exitCode).toBe(exit);
    expect(worker.said.join('')).toContain(says);
    expect(await worker.slot()).toMatchObject({ state: 'BOOTING' });
  });

  it('leaves nothing of its rooms where it fails to boot', async () => {
    const worker = await slots.serve({ kit: probing('dirname "$(dirname "$HOME")"; exit 3') });

    await worker.ended;

    const rooms = worker.said.find((line) => line.startsWith('/'))?.trim() ?? '';
    expect({ said: rooms.startsWith('/'), left: existsSync(rooms) }).toEqual({ said: true, left: false });
  });

  it('fails to boot where its ECS task is unknown', async () => {
    const worker = await slots.serve({ kit: { fetchTaskArn: () => Promise.reject(new Error('no metadata')) } });

    const exitCode = await worker.ended;

    expect(exitCode).toBe(1);
    expect(worker.said.join('')).toContain('no metadata');
  });

  it('registers again where that failed', async () => {
    let failures = 2;
    const worker = await slots.serve({
      pool: (real) => ({
        register: async (...given) => {
          if (failures-- > 0) throw new Error('throttled');
          return real.register(...given);
        },
      }),
    });

    await worker.is('WARM');

    expect(failures).toBe(-1);
  });

  it('waits on where it was claimed while the answer to its registration was lost', async () => {
    const worker = await slots.serve({
      pool: (real) => ({
        register: async (ref, taskArn, at) => {
          await real.register(ref, taskArn, at);
          await worker.claim();
          return real.register(ref, taskArn, at);
        },
      }),
    });
    await worker.is('CLAIMED');

    await worker.assign();
    const exitCode = await worker.ended;

    expect({ exitCode, reports: worker.execution.reports.length }).toEqual({ exitCode: 0, reports: 1 });
  });

  it.each([
    { case: 'was drained', slot: { state: 'DRAINING' } },
    { case: 'was closed', slot: { state: 'STOPPED' } },
    { case: 'is held by another ECS task', slot: { state: 'WARM', taskArn: `${TASK_ARN}0` } },
  ] as const)('leaves with 0 where its slot $case as it booted', async ({ slot }) => {
    const worker = await slots.serve({ slot });

    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
    expect(await worker.slot()).toMatchObject(slot);
  });

  it('leaves with 0 where there is no slot', async () => {
    const worker = await slots.serve({ exists: false });

    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
    expect(await worker.slot()).toBeUndefined();
  });

  it('drains its slot where it is stopped while it boots', async () => {
    const worker = await slots.serve({ kit: probing('echo probing; sleep 300') });
    await until(() => worker.said.join('').includes('probing'));

    worker.stop();
    const exitCode = await worker.ended;

    expect(exitCode).toBe(0);
    expect(await worker.slot()).toMatchObject({ state: 'DRAINING' });
  });
});
