import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Artifact } from '../../core/artifact-keys.ts';
import { runCold } from '../../worker/run-cold.ts';
import type { WorkerKit } from '../../worker/worker-kit.ts';
import { TASK_ARN } from '../lambdas/records.ts';
import { ATTEMPT, kitIn, SPEC } from './kit-in-test.ts';
import { NO_PROGRAMS } from './secrets-in-test.ts';
import { until } from './worker-in-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'outpost-attempt-'));
const kitWith = (changes?: Partial<WorkerKit>) => kitIn(folder, changes);
afterEach(() => vi.unstubAllEnvs());
// Node's own removal stops at a path that is too long.
afterAll(() => execFileSync('rm', ['-rf', folder]));

describe('an attempt', () => {
  it('passes the fence as itself, under its ECS task', async () => {
    const passes: unknown[] = [];
    const passFence = async (pass: unknown) => passes.push(pass) > 0;
    const { kit } = kitWith({ dispatches: { passFence } });

    const exitCode = await runCold(kit, ATTEMPT);

    expect(exitCode).toBe(0);
    expect(passes).toEqual([{ ...ATTEMPT, taskArn: TASK_ARN, startedAt: expect.stringMatching(/Z$/) }]);
  });

  it('does not ask to begin where it was stopped before', async () => {
    const passFence = vi.fn(async () => true);
    const { kit, uploaded } = kitWith({ dispatches: { passFence }, stop: AbortSignal.abort() });

    const exitCode = await runCold(kit, ATTEMPT);

    expect(exitCode).toBe(143);
    expect(passFence).not.toHaveBeenCalled();
    expect([...uploaded.keys()]).toEqual([]);
  });

  it('runs nothing where it was stopped as it passed the fence, and says so in its result', async () => {
    const stop = new AbortController();
    const passFence = async () => {
      stop.abort();
      return true;
    };
    const { kit, uploaded } = kitWith({ dispatches: { passFence }, stop: stop.signal });

    const exitCode = await runCold(kit, ATTEMPT);

    expect(exitCode).toBe(143);
    expect(uploaded.get('result')).toMatchObject({
      endedBy: 'stop',
      reason: expect.stringContaining('before the agent'),
    });
    expect(uploaded.get('result')).not.toHaveProperty('exitCode');
    expect(uploaded.has('manifest')).toBe(true);
  });

  it('has result and log in S3 at a stop before its workspace, which waits for the last checkpoint', async () => {
    const [stop, gate] = [new AbortController(), mkdtempSync(join(folder, 'gate-'))];
    const waits = `const look = () => require('fs').existsSync('${gate}/open') && process.exit(1); setInterval(look, 10)`;
    const { kit, uploaded, said } = kitWith({
      specs: { getSpec: async () => ({ valid: true, content: { ...SPEC, task: 'touch begun; sleep 60' } }) },
      programs: { ...NO_PROGRAMS, checkpoint: { file: process.execPath, args: ['-e', waits] } },
      stop: stop.signal,
    });
    const bucket = kit.bucketOf(ATTEMPT);
    const put = async (artifact: Artifact, source: AsyncIterable<Buffer>) => {
      const failed = artifact === 'archive' ? await buffer(source).catch((error: Error) => error) : undefined;
      return bucket.putJson(artifact, failed);
    };
    const ended = runCold({ ...kit, bucketOf: () => ({ ...bucket, put }) }, ATTEMPT);
    await until(() => existsSync(join(kit.workspace, 'begun')));
    stop.abort();
    await until(() => uploaded.has('result') && uploaded.has('log'));
    const before = [...uploaded.keys()].sort();

    writeFileSync(join(gate, 'open'), '');

    expect([await ended, before]).toEqual([143, ['log', 'result']]);
    expect(uploaded.has('archive')).toBe(true);
    expect(said.join('')).toContain('A checkpoint could not be taken');
  });

  it('keeps its own ending where it is stopped during the upload', async () => {
    const stop = new AbortController();
    const { kit, uploaded } = kitWith({ stop: stop.signal });
    const bucket = kit.bucketOf(ATTEMPT);
    const stopping = {
      ...bucket,
      putJson: (artifact: Artifact, content: unknown) => {
        stop.abort();
        return bucket.putJson(artifact, content);
      },
    };

    const exitCode = await runCold({ ...kit, bucketOf: () => stopping }, ATTEMPT);

    expect(exitCode).toBe(0);
    expect(uploaded.get('result')).toMatchObject({ endedBy: 'agent', exitCode: 0 });
    expect(uploaded.has('manifest')).toBe(true);
  });

  it('keeps its ending where what the agent leaves in its home cannot be removed', async () => {
    vi.stubEnv('TMPDIR', mkdtempSync(join(folder, 'tmp-')));
    // Deeper than a path may be long.
    const task = `name=$(printf 'x%.0s' {1..250}); cd "$HOME"; for _ in {1..20}; do mkdir $name; cd $name; done`;
    const { kit, uploaded, said } = kitWith({
      specs: { getSpec: async () => ({ valid: true, content: { ...SPEC, task } }) },
    });

    const exitCode = await runCold(kit, ATTEMPT);

    expect(exitCode).toBe(0);
    expect(uploaded.get('result')).toMatchObject({ endedBy: 'agent', exitCode: 0 });
    expect(said.join('')).toContain('cannot be removed');
  });

  it.each([
    { case: 'its spec is missing', changes: { specs: { getSpec: async () => undefined } }, exit: 65 },
    {
      case: 'its spec cannot be read',
      changes: { specs: { getSpec: () => Promise.reject(new Error('no S3')) } },
      exit: 65,
    },
    {
      case: 'its ECS task is unknown',
      changes: { fetchTaskArn: () => Promise.reject(new Error('no answer')) },
      exit: 75,
    },
    { case: 'the fence is closed', changes: { dispatches: { passFence: async () => false } }, exit: 75 },
    {
      case: 'the fence cannot be asked',
      changes: { dispatches: { passFence: () => Promise.reject(new Error('throttled')) } },
      exit: 75,
    },
  ])('writes nothing and exits $exit where $case', async ({ changes, exit }) => {
    const { kit, uploaded, said } = kitWith(changes);

    const exitCode = await runCold(kit, ATTEMPT);

    expect(exitCode).toBe(exit);
    expect([...uploaded.keys()]).toEqual([]);
    expect(said).toHaveLength(1);
  });

  it('asks for spec and fence again where nobody answered, and begins then', async () => {
    const lost = () => Promise.reject(new Error('no answer'));
    const passFence = vi.fn().mockImplementationOnce(lost).mockResolvedValue(true);
    const getSpec = vi.fn().mockImplementationOnce(lost).mockResolvedValue({ valid: true, content: SPEC });
    const { kit, uploaded } = kitWith({ dispatches: { passFence }, specs: { getSpec }, patienceMs: 5_000 });

    const exitCode = await runCold(kit, ATTEMPT);

    expect(exitCode).toBe(0);
    expect([passFence.mock.calls.length, getSpec.mock.calls.length]).toEqual([2, 2]);
    expect(new Set(passFence.mock.calls.map(([pass]) => pass.startedAt)).size).toBe(1);
    expect(uploaded.has('manifest')).toBe(true);
  });

  it('says why where the machine has no place for it', async () => {
    const { kit, uploaded } = kitWith();

    const exitCode = await runCold({ ...kit, workspace: '/dev/null/workspace' }, ATTEMPT);

    expect(exitCode).toBe(1);
    expect([...uploaded.keys()]).toEqual(['result']);
    expect(uploaded.get('result')).toMatchObject({ endedBy: 'worker', reason: expect.stringContaining('ENOTDIR') });
  });

  it('ends by the worker where the agent is not one of those it can run', async () => {
    const spec = { ...SPEC, agent: 'claude' as const };
    const { kit, uploaded } = kitWith({
      agent: 'claude',
      program: undefined,
      specs: { getSpec: async () => ({ valid: true, content: spec }) },
    });

    const exitCode = await runCold(kit, ATTEMPT);

    expect(exitCode).toBe(127);
    expect(uploaded.get('result')).toMatchObject({ endedBy: 'worker', reason: expect.stringContaining('claude') });
  });
});
