import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type AgentRunInTest, openAgentRun } from './agent-runs.ts';
import { anotherUid } from './hostile-rig.ts';
import { until } from './worker-in-test.ts';

const PYTHON = '/usr/bin/python3';

/** As in the container, where the worker is root: only then has the agent a user of its own. */
describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('the run of an agent as another user', () => {
  let agent: AgentRunInTest | undefined;
  let tracer: ChildProcess | undefined;
  afterEach(() => {
    tracer?.kill('SIGKILL');
    agent?.close();
  });

  it('works in its workspace', async () => {
    const uid = anotherUid();
    agent = await openAgentRun('pwd -P; id -u; ps -o pgid=,sid= -p $$ | tr -s " " "\\n"; echo $$', uid);

    const end = await agent.run();
    const [folder, user, group, session, pid] = agent.printed().trim().split(/\s+/);

    expect({ end, folder, user }).toEqual({
      end: { endedBy: 'agent', exitCode: 0 },
      folder: agent.workspace,
      user: String(uid),
    });
    expect([group, session]).toEqual([pid, pid]);
  });

  it("does not get into another tenant's folder by a link in its workspace's place", async () => {
    agent = await openAgentRun('pwd -P; cat note', anotherUid());
    const tenant = join(agent.folder, 'tenant');
    const theirs = join(tenant, 'workspace');
    mkdirSync(theirs, { recursive: true });
    writeFileSync(join(theirs, 'note'), 'canary\n');
    const other = anotherUid();
    for (const path of [tenant, theirs]) chownSync(path, other, other);
    // As the tenant's own folder is; what lies below is readable to whoever gets there.
    chmodSync(tenant, 0o700);
    rmdirSync(agent.workspace);
    symlinkSync(theirs, agent.workspace);

    const end = await agent.run();

    expect(end.exitCode).not.toBe(0);
    expect(agent.printed()).not.toContain('canary');
    expect(agent.printed()).toContain('Permission denied');
  });

  it.runIf(existsSync(PYTHON))('ends in its time though its first process is killed and does not go', async () => {
    agent = await openAgentRun("trap '' TERM; echo $$ > pid; touch begun; while :; do sleep 0.1; done", anotherUid());
    const at = (name: string) => join(agent?.workspace ?? '', name);
    const grace = { timeoutMs: 100, stopMs: 100 };
    const stop = new AbortController();
    const running = agent.run({ stop: stop.signal, grace });
    await until(() => existsSync(at('begun')));
    // Of a process that somebody else traces its parent hears nothing, until that one has heard.
    tracer = spawn(PYTHON, ['-c', SEIZE, readFileSync(at('pid'), 'utf8').trim()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(tracer.stdout as NodeJS.ReadableStream, 'data');

    stop.abort();
    const end = await running;

    expect(end).toEqual({ endedBy: 'stop', exitCode: 137 });
  });
});

const SEIZE = `
import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
PTRACE_SEIZE = 0x4206
assert libc.ptrace(PTRACE_SEIZE, int(sys.argv[1]), None, None) == 0, ctypes.get_errno()
print('seized', flush=True)
time.sleep(1000)
`;
