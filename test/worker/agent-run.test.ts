import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProcessFamily } from '../../worker/processes/process-family.ts';
import { type AgentRunInTest, openAgentRun } from './agent-runs.ts';
import { isAlive } from './processes.ts';

let agent: AgentRunInTest | undefined;
afterEach(() => {
  vi.restoreAllMocks();
  agent?.close();
});

describe('the run of an agent', () => {
  it('leaves nobody behind and carries the output where watching over it fails', async () => {
    vi.spyOn(ProcessFamily.prototype, 'observe').mockRejectedValueOnce(new Error('Nobody can be seen.'));
    agent = await openAgentRun('setsid sleep 1000 & echo $! > pid; echo done');

    const run = agent.run();

    await expect(run).rejects.toThrow('Nobody can be seen.');
    expect(isAlive(Number(readFileSync(join(agent.workspace, 'pid'), 'utf8')))).toBe(false);
    expect(agent.printed()).toBe('done\n');
  });

  it('tells why it failed at first, and says what failed after that', async () => {
    vi.spyOn(ProcessFamily.prototype, 'observe').mockRejectedValueOnce(new Error('Nobody can be seen.'));
    vi.spyOn(ProcessFamily.prototype, 'kill').mockRejectedValueOnce(new Error('Nobody can be killed.'));
    agent = await openAgentRun('echo done');

    const run = agent.run();

    await expect(run).rejects.toThrow('Nobody can be seen.');
    expect(agent.said.join('')).toContain('Nobody can be killed.');
    expect(agent.printed()).toBe('done\n');
  });

  it('does not begin where there is no such program', async () => {
    agent = await openAgentRun('');

    const run = agent.run({ command: { file: 'no-such-cli', args: [] } });

    await expect(run).rejects.toMatchObject({ isMissing: true, message: 'There is no program `no-such-cli` here.' });
  });
});
