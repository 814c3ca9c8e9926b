import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ulid } from 'ulid';
import type { AgentUsage } from '../../core/agent-usage.ts';
import type { AgentName } from '../../core/agents.ts';
import { DispatchSpec } from '../../core/dispatch-spec.ts';
import { agentEnvironment } from '../../worker/agent/agent-environment.ts';
import { type AgentRooms, furnishHome, leaveRooms, makeRooms, writeForAgent } from '../../worker/agent/agent-rooms.ts';
import { type AgentEnd, runAgent } from '../../worker/agent/agent-run.ts';
import { agentUser } from '../../worker/agent/agent-user.ts';
import { CappedLog } from '../../worker/agent/capped-log.ts';
import { AgentAccount } from '../../worker/agents/agent-account.ts';
import type { AgentCommand } from '../../worker/agents/agent-command.ts';
import type { AgentProgram } from '../../worker/agents/agent-program.ts';
import { WorkerLog } from '../../worker/worker-log.ts';
import { type StubModel, startStubModel } from './stub-model/stub-model.ts';

export interface AgentToTest {
  readonly name: AgentName;
  readonly program: AgentProgram;
  /** The variables by which the CLI finds its model, with a key that the stub does not ask for. */
  given(url: string): Readonly<Record<string, string>>;
  /** @default the CLI's own choice */
  readonly modelId?: string;
}

export interface AgentTrial {
  readonly end: AgentEnd;
  readonly output: string;
  readonly usage: AgentUsage | undefined;
  /** Why it failed, in the CLI's words. */
  readonly lastWords: string | undefined;
  readonly model: StubModel;
  /** The text of every file in the workspace, by its name. */
  readonly files: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 100_000;
const user = agentUser(undefined);
const workerLog = new WorkerLog();

/** What the stub has the agent write. */
export const WRITTEN = { name: 'hello.txt', content: 'Hello from the stub.\nIt has two lines.\n' };

/** Runs an agent's real CLI on a task, as the worker does, against a stub model. */
export async function tryAgent(agent: AgentToTest, task: string): Promise<AgentTrial> {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-agents-'));
  const rooms = await makeRooms(join(folder, 'workspace'), user);
  const model = await startStubModel({ path: join(rooms.workspace, WRITTEN.name), content: WRITTEN.content });
  try {
    await furnishHome(rooms, user, agent.program.homeFiles);
    const given = agent.given(model.url);
    const command = await agent.program.makeCommand({
      spec: specOf(agent, task),
      given,
      writeFile: (name, content) => writeForAgent(rooms, user, name, content),
    });
    const told = await runCommand(rooms, agent.program, { ...command, env: { ...command.env, ...given } });
    return { ...told, model, files: filesIn(rooms.workspace) };
  } finally {
    await model.close();
    await leaveRooms(rooms, user, workerLog);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs an agent's probe as a worker does that gets ready for a dispatch. */
export async function probeAgent(program: AgentProgram): Promise<Pick<AgentTrial, 'end' | 'output'>> {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-agents-'));
  const rooms = await makeRooms(join(folder, 'workspace'), user);
  try {
    await furnishHome(rooms, user, program.homeFiles);
    return await runCommand(rooms, program, program.probe);
  } finally {
    await leaveRooms(rooms, user, workerLog);
    rmSync(folder, { recursive: true, force: true });
  }
}

function specOf({ name, modelId }: AgentToTest, task: string): DispatchSpec {
  return DispatchSpec.parse({
    version: 1,
    dispatchId: ulid(),
    tenantId: 'acme',
    agent: name,
    task,
    modelId,
    timeoutSeconds: TIMEOUT_MS / 1000,
  });
}

async function runCommand(rooms: AgentRooms, program: AgentProgram, command: AgentCommand) {
  const output = await CappedLog.create(join(rooms.base, 'output.log'));
  const sink = new PassThrough();
  const said = text(sink);
  const account = program.usage && new AgentAccount(program.usage());
  const end = await runAgent({
    command,
    environment: agentEnvironment({ mark: ulid(), rooms, user, program, command }),
    rooms,
    user,
    timeoutMs: TIMEOUT_MS,
    stop: new AbortController().signal,
    output,
    log: new WorkerLog(sink),
    ...(account && { onLine: (text, from) => account.line(text, from) }),
  });
  await output.close();
  sink.end();
  return { end, output: await said, usage: account?.usage(), lastWords: account?.lastWords((text) => text) };
}

function filesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(files.map(({ name }) => [name, readFileSync(join(folder, name), 'utf8')]));
}
