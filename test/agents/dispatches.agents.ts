import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENTS } from '../../core/agents.ts';
import { bootOutpost, type Outpost } from '../../local/outpost.ts';
import { caller, eventually } from '../e2e/harness.ts';
import { type AgentToTest, WRITTEN } from './agent-in-test.ts';
import { AGENTS_TO_TEST } from './agents-to-test.ts';
import { deploymentFor } from './deployment-for.ts';
import { isOnPath } from './is-on-path.ts';
import { requestTo, TASK, usageOfReplies } from './request-in-test.ts';
import { type StubModel, startStubModel } from './stub-model/stub-model.ts';

const WITHIN_MS = 100_000;

/** Those that can be dispatched to, and are here. */
const TO_DISPATCH = Object.values(AGENTS_TO_TEST).filter(({ name }) => AGENTS[name].available && isOnPath(name));

let folder: string;
let model: StubModel;
let outpost: Outpost;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outpost-agents-'));
  model = await startStubModel({ path: WRITTEN.name, content: WRITTEN.content });
  const { secrets, agentEnv } = deploymentFor(TO_DISPATCH, model.url);
  const settings = Object.entries(agentEnv).flatMap(([agent, variables]) =>
    Object.entries(variables).map(([name, value]) => `${agent}.${name}=${value}`),
  );
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify(secrets), { mode: 0o600 });
  outpost = await bootOutpost({ data: folder, port: 0, agentEnv: settings.join('\n'), log: () => {} });
});
afterAll(async () => {
  await outpost?.close();
  await model?.close();
  await rm(folder, { recursive: true, force: true });
});

describe.each(TO_DISPATCH.map((agent) => [agent.name, agent] as const))('a dispatch to %s', (_name, agent) => {
  it.each(['cold', 'warm'])(
    'leaves the file that the model had it write, and its tokens in the record: %s',
    async (start) => {
      const call = caller(outpost.connection);
      if (start === 'warm')
        await eventually(
          () => warmSlotsOf(agent),
          (warm) => warm > 0,
          60_000,
        );
      const before = model.exchanges.length;

      const { body } = await call('POST', '/dispatch', requestTo(agent.name));
      const { dispatchId } = body.data;
      const ended = await eventually(
        async () => (await call('GET', `/dispatch/${dispatchId}?logs=1000`)).body.data,
        ({ endedAt }) => endedAt !== undefined,
        WITHIN_MS,
      );

      const exchanges = model.exchanges.slice(before);
      expect(ended, JSON.stringify(ended)).toMatchObject({
        status: 'success',
        startedOn: start,
        usage: usageOfReplies(exchanges.length),
      });
      expect(exchanges.some(({ request }) => request.userTexts.some((text) => text.endsWith(TASK)))).toBe(true);
      const { files } = (await call('GET', `/artifacts/${dispatchId}`)).body.data;
      const sha256 = createHash('sha256').update(WRITTEN.content).digest('hex');
      expect(files).toEqual([{ type: 'file', path: WRITTEN.name, size: Buffer.byteLength(WRITTEN.content), sha256 }]);
    },
  );
});

async function warmSlotsOf({ name }: AgentToTest): Promise<number> {
  const { body } = await caller(outpost.connection)('GET', '/health/fleet');
  return body.data.agents.find(({ agent }: { agent: string }) => agent === name).slots.warm;
}
