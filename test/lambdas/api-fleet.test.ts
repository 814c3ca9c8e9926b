import { expect, it } from 'vitest';
import { remembered } from '../../lambdas/api/remembered.ts';
import { apiUnderTest } from './api-under-test.ts';
import { aRecord, aSlot, NOW } from './records.ts';

const MINUTES_AGO = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();
const NO_SLOTS = { booting: 0, warm: 0, claimed: 0, assigned: 0, running: 0, draining: 0 };

/** What the answer says of one agent. */
function factsOf({ data }: { data: { agents: { agent: string }[] } }, agent: string) {
  return data.agents.find((facts) => facts.agent === agent);
}

it('counts the living slots of each available agent by their state, and in all', async () => {
  const api = apiUnderTest();
  for (const state of ['WARM', 'WARM', 'BOOTING', 'RUNNING', 'STOPPED'] as const) api.slots.push(aSlot({ state }));
  api.slots.push(aSlot({ agentType: 'grok' }));

  const { status, headers, json } = await api.send('GET', '/health/fleet');

  const slots = { ...NO_SLOTS, booting: 1, warm: 2, running: 1 };
  expect([status, headers.get('cache-control')]).toEqual([200, 'private, max-age=30']);
  expect(json.data).toMatchObject({ at: NOW, slots });
  expect(factsOf(json, 'shell')).toMatchObject({ slots });
  expect(factsOf(json, 'codex')).toMatchObject({ slots: NO_SLOTS });
  expect(factsOf(json, 'grok')).toBeUndefined();
});

it('tells of the last hour how many dispatches began warm, how they ended and how long they took', async () => {
  const api = apiUnderTest();
  const begun = (minutes: number) => ({ createdAt: MINUTES_AGO(minutes), startedAt: MINUTES_AGO(minutes) });
  const warm = { slotId: aSlot().slotId };
  const records = [
    { ...begun(50), ...warm, status: 'SUCCESS', endedAt: MINUTES_AGO(49) },
    { ...begun(40), status: 'SUCCESS', endedAt: MINUTES_AGO(37) },
    { ...begun(30), ...warm, status: 'FAILED', endedAt: MINUTES_AGO(28) },
    { createdAt: MINUTES_AGO(20), status: 'CANCELLED', endedAt: MINUTES_AGO(19) },
    { ...begun(10), ...warm, status: 'RUNNING' },
    { createdAt: MINUTES_AGO(5), status: 'PROVISIONING' },
    { ...begun(61), status: 'FAILED', endedAt: MINUTES_AGO(1) },
  ] as const;
  for (const [index, fields] of records.entries()) {
    const dispatchId = `01J9ZK6W3N8R5T7V9X1Y3Z5B0${index}`;
    api.records.set(dispatchId, aRecord({ ...fields, dispatchId }));
  }

  const { json } = await api.send('GET', '/health/fleet');

  const lastHour = {
    started: 4,
    warm: 3,
    hitRate: 0.75,
    ended: 4,
    succeeded: 2,
    successRate: 0.5,
    meanDurationMs: 120_000,
  };
  expect(json.data).toMatchObject({ lastHour });
  expect(factsOf(json, 'shell')).toMatchObject({ lastHour });
});

it('knows no rate and no duration of nothing', async () => {
  const { json } = await apiUnderTest().send('GET', '/health/fleet');

  const nothing = { hitRate: null, successRate: null, meanDurationMs: null };
  expect(json.data).toMatchObject({
    slots: NO_SLOTS,
    lastHour: { started: 0, warm: 0, ended: 0, succeeded: 0, ...nothing },
  });
});

it('counts a dispatch that ends in between once, and as ended', async () => {
  const running = aRecord({ status: 'RUNNING', startedAt: MINUTES_AGO(1) });
  const ended = { ...running, status: 'SUCCESS', endedAt: NOW } as const;
  const postedSince = async (status: string) => ({ RUNNING: [running], SUCCESS: [ended] })[status] ?? [];
  const memory = { get: async () => undefined, create: async () => false, requestCancel: async () => undefined };

  const { json } = await apiUnderTest({ dispatches: { ...memory, postedSince } }).send('GET', '/health/fleet');

  expect(json.data.lastHour).toMatchObject({ started: 1, ended: 1, meanDurationMs: 60_000 });
});

it('looks once in 30 seconds, whoever asks and how many at once', async () => {
  let time = Date.parse(NOW);
  let looks = 0;
  const list = async (agent: string) => (agent === 'shell' ? Array.from({ length: ++looks }, () => aSlot()) : []);
  const api = apiUnderTest({ pool: { list }, now: () => new Date(time) });
  const warm = async () => (await api.send('GET', '/health/fleet')).json.data.slots.warm;

  const atOnce = await Promise.all([warm(), warm(), warm()]);
  time += 29_999;
  const soon = await warm();
  time += 1;
  const late = await warm();

  expect({ atOnce, soon, late, looks }).toEqual({ atOnce: [1, 1, 1], soon: 1, late: 2, looks: 2 });
});

it('keeps no failure in mind', async () => {
  let asked = 0;
  const ask = remembered(
    1_000,
    () => new Date(NOW),
    async () => {
      asked++;
      if (asked === 1) throw new Error('throttled');
      return asked;
    },
  );

  await expect(ask()).rejects.toThrow('throttled');

  expect([await ask(), await ask()]).toEqual([2, 2]);
});

it('asks for a key, and for no parameters', async () => {
  const api = apiUnderTest();

  const [keyless, asked] = [
    await api.send('GET', '/health/fleet', { headers: {} }),
    await api.send('GET', '/health/fleet?agent=shell'),
  ];

  expect([keyless.status, asked.status]).toEqual([401, 400]);
});

it.each([
  ['warm', { slotId: aSlot().slotId, startedAt: NOW }],
  ['cold', { startedAt: NOW }],
  [undefined, {}],
])('says that a dispatch was started on %s', async (startedOn, fields) => {
  const api = apiUnderTest();
  const record = aRecord({ ...fields, status: 'RUNNING' });
  api.records.set(record.dispatchId, record);

  const { json } = await api.send('GET', `/dispatch/${record.dispatchId}`);

  expect(json.data.startedOn).toBe(startedOn);
  expect(json.data.slotId).toBeUndefined();
});
