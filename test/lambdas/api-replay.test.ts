import { expect, it } from 'vitest';
import { type DispatchRecord, MAX_ATTEMPTS } from '../../core/dispatch-record.ts';
import { TERMINAL_STATUSES } from '../../core/dispatch-status.ts';
import { type ApiUnderTest, apiUnderTest, type Changes, KEY } from './api-under-test.ts';
import { aRecord, DISPATCH_ID, NOW } from './records.ts';

const PATH = `/dispatch/${DISPATCH_ID}/replay`;
const ENDED: Partial<DispatchRecord> = { status: 'FAILED', endedAt: NOW, publishedAt: NOW };

const given = (fields: Partial<DispatchRecord>, changes: Changes = {}): ApiUnderTest => {
  const api = apiUnderTest(changes);
  api.records.set(DISPATCH_ID, aRecord(fields));
  return api;
};
const replay = (api: ApiUnderTest, key?: string) =>
  api.send('POST', PATH, {
    headers: { authorization: `Bearer ${KEY}`, ...(key === undefined ? {} : { 'idempotency-key': key }) },
  });

it.each(TERMINAL_STATUSES)('starts the next attempt of a dispatch that ended as %s', async (status) => {
  const api = given({ ...ENDED, status });

  const answer = await replay(api);

  expect(answer.status).toBe(202);
  expect(answer.json.data).toMatchObject({ attempt: 2, status: 'pending', attemptedAt: NOW });
  expect(api.deeds.order).toEqual(['spec', 'place', 'replay', 'event', 'execution']);
  expect(api.deeds.started).toMatchObject([{ dispatchId: DISPATCH_ID, attempt: 2, timeoutSeconds: 60 }]);
  expect(api.deeds.requested).toMatchObject([{ eventId: `${DISPATCH_ID}-2-requested`, requestedAt: NOW }]);
  expect([...api.places]).toEqual([`${DISPATCH_ID}-2`]);
});

it('answers the same attempt for the same Idempotency-Key, also once that one has ended', async () => {
  const api = given(ENDED);

  const first = await replay(api, 'again');
  const second = await replay(api, 'again');
  api.records.set(DISPATCH_ID, { ...(api.records.get(DISPATCH_ID) ?? aRecord()), ...ENDED });
  const third = await replay(api, 'again');
  const another = await replay(api, 'another');

  const answers = [first, second, third, another].map(({ status, json }) => [status, json.data.attempt]);
  expect(answers).toEqual([
    [202, 2],
    [202, 2],
    [202, 2],
    [202, 3],
  ]);
  expect(third.json.data.status).toBe('failed');
});

it('completes by the same key what an earlier try left undone', async () => {
  let failures = 1;
  const requested = async () => {
    if (failures-- > 0) throw new Error('EventBridge is away');
  };
  const api = given(ENDED, { events: { requested } });

  const answers = [await replay(api, 'again'), await replay(api, 'again')];

  expect(answers.map(({ status }) => status)).toEqual([500, 202]);
  expect(api.deeds.started).toMatchObject([{ attempt: 2 }]);
});

it.each(['PENDING', 'PROVISIONING', 'RUNNING', 'COMPLETING'] as const)(
  'refuses a dispatch that lives: %s',
  async (status) => {
    const api = given({ status });

    const answer = await replay(api);

    const details = { attempt: 1, status: status.toLowerCase() };
    expect([answer.status, answer.json.error]).toMatchObject([409, { code: 'DISPATCH_NOT_ENDED', details }]);
    expect(api.deeds.order).toEqual([]);
  },
);

it('tells the slower of two requests at once that the dispatch lives', async () => {
  const api = given(ENDED);

  const answers = await Promise.all([replay(api, 'one'), replay(api, 'other')]);

  expect(answers.map(({ status }) => status).toSorted()).toEqual([202, 409]);
  expect(api.deeds.started).toHaveLength(1);
  expect([...api.places]).toEqual([`${DISPATCH_ID}-2`]);
});

it('says that a dispatch has expired whose task is not kept any more', async () => {
  const api = given(ENDED, { specs: { refreshSpec: async () => false } });

  const answer = await replay(api);

  expect([answer.status, answer.json.error.code]).toEqual([410, 'DISPATCH_EXPIRED']);
  expect([...api.places]).toEqual([]);
});

it('refuses a dispatch that has had as many attempts as one may', async () => {
  const api = given({ ...ENDED, attempt: MAX_ATTEMPTS });

  const answer = await replay(api);

  const error = { code: 'TOO_MANY_ATTEMPTS', details: { attempt: MAX_ATTEMPTS } };
  expect([answer.status, answer.json.error]).toMatchObject([409, error]);
  expect(api.deeds.order).toEqual([]);
});

it('refuses a replay over the limit of the tenant', async () => {
  const api = given(ENDED);
  for (const place of ['a', 'b']) api.places.add(place);

  const answer = await replay(api);

  expect([answer.status, answer.json.error]).toMatchObject([
    429,
    { code: 'TOO_MANY_DISPATCHES', details: { maxConcurrent: 2 } },
  ]);
  expect(api.records.get(DISPATCH_ID)).toMatchObject({ attempt: 1, status: 'FAILED' });
});

it('announces the end of the attempt before, where nobody has yet', async () => {
  const { publishedAt: _, ...unpublished } = ENDED;
  const api = given(unpublished);

  const { status } = await replay(api);

  expect(status).toBe(202);
  expect(api.deeds.order).toEqual(['spec', 'ended', 'place', 'replay', 'event', 'execution']);
});

it.each(['', 'with space', 'é', 'x'.repeat(256)])('refuses the Idempotency-Key %j', async (key) => {
  const { status, json } = await replay(given(ENDED), key);

  expect([status, json.error.details[0].path]).toEqual([400, 'idempotency-key']);
});

it('refuses a body, which it would not honour', async () => {
  const api = given(ENDED);

  const answer = await api.send('POST', PATH, { body: { task: 'echo changed' } });

  expect([answer.status, answer.json.error.code]).toEqual([400, 'VALIDATION_ERROR']);
  expect(answer.json.error.message).toContain('takes no body');
  expect(api.deeds.started).toEqual([]);
});

it('refuses an agent that cannot be run any more', async () => {
  const { status, json } = await replay(given({ ...ENDED, agent: 'grok' }));

  expect([status, json.error.code]).toEqual([400, 'AGENT_UNAVAILABLE']);
});
