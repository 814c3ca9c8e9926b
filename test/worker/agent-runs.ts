import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { agentEnvironment } from '../../worker/agent/agent-environment.ts';
import { makeRooms } from '../../worker/agent/agent-rooms.ts';
import { type AgentEnd, type AgentRun, runAgent } from '../../worker/agent/agent-run.ts';
import { agentUser } from '../../worker/agent/agent-user.ts';
import { CappedLog } from '../../worker/agent/capped-log.ts';
import { shell } from '../../worker/agents/shell.ts';
import { WorkerLog } from '../../worker/worker-log.ts';

/** A run of a bash script as an agent, in folders of its own. */
export interface AgentRunInTest {
  readonly workspace: string;
  /** Where the workspace lies: the agent may pass through it. */
  readonly folder: string;
  run(changes?: Partial<AgentRun>): Promise<AgentEnd>;
  /** What the agent printed by now. */
  printed(): string;
  /** What the worker said of it. */
  readonly said: readonly string[];
  close(): void;
}

let runs = 0;

export async function openAgentRun(script: string, uid?: number): Promise<AgentRunInTest> {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-agent-run-'));
  chmodSync(folder, 0o711);
  const user = agentUser(uid);
  const workspace = join(folder, 'workspace');
  const rooms = await makeRooms(workspace, user);
  const logFile = join(rooms.base, 'output.log');
  const output = await CappedLog.create(logFile);
  const said: string[] = [];
  const sink = new Writable({
    write: (chunk, _, done) => {
      said.push(String(chunk));
      done();
    },
  });
  const command = { file: 'bash', args: ['-c', script] };
  const mark = `in-test-${process.pid}-${runs++}`;
  const environment = agentEnvironment({ mark, rooms, user, program: shell, command });
  const log = new WorkerLog(sink);
  const base = { command, environment, rooms, user, timeoutMs: 60_000, stop: new AbortController().signal };
  return {
    folder,
    workspace,
    run: async (changes) => {
      try {
        return await runAgent({ ...base, output, log, ...changes });
      } finally {
        await output.close();
      }
    },
    printed: () => readFileSync(logFile, 'utf8'),
    said,
    close: () => {
      for (const made of [folder, rooms.base]) rmSync(made, { recursive: true });
    },
  };
}
