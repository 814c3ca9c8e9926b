import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootHarness, type Harness } from './harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await bootHarness();
});

afterAll(async () => {
  await harness?.close();
});

const NOBODYS = '01J9ZK6W3N8R5T7V9X1Y3Z5A7B';

describe('POST /dispatch', () => {
  it.each<[string, unknown, string]>([
    ['broken JSON', '{ "agent": ', 'body'],
    ['a missing field', { agent: 'shell' }, 'task'],
    ['an unknown field', { agent: 'shell', task: '', priority: 1 }, 'priority'],
    ['a mistyped field', { agent: 'shell', task: 7 }, 'task'],
    ['a timeout out of range', { agent: 'shell', task: '', timeoutSeconds: 86_401 }, 'timeoutSeconds'],
    ['a task that is too long', { agent: 'shell', task: 'x'.repeat(50_001) }, 'task'],
  ])('refuses %s and names it', async (_what, body, path) => {
    const answer = await harness.call('POST', '/dispatch', body);

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ success: false, error: { code: 'VALIDATION_ERROR' } });
    expect(JSON.stringify(answer.body.error)).toContain(path);
  });

  it('names the agents that are available where the one asked for is not', async () => {
    const { status, body } = await harness.call('POST', '/dispatch', { agent: 'grok', task: 'hello' });

    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'AGENT_UNAVAILABLE' });
    expect(JSON.stringify(body.error)).toContain('shell');
  });

  it('refuses an empty Idempotency-Key, which would make two dispatches of two requests', async () => {
    const request = { agent: 'shell', task: 'echo once' };

    const { status, body } = await harness.call('POST', '/dispatch', request, { 'idempotency-key': '' });

    expect([status, body.error.details]).toEqual([
      400,
      [{ path: 'idempotency-key', message: 'must be 1-255 visible ASCII characters' }],
    ]);
  });

  it('runs the same request with the same Idempotency-Key once', async () => {
    const headers = { 'idempotency-key': 'once' };
    const request = { agent: 'shell', task: 'echo once' };

    const answers = await Promise.all([1, 2, 3].map(() => harness.call('POST', '/dispatch', request, headers)));
    const later = await harness.call('POST', '/dispatch', request, headers);

    const accepted = [...answers, later].filter(({ status }) => status === 202);
    expect(new Set(accepted.map(({ body }) => body.data.dispatchId)).size).toBe(1);
    expect(later.status).toBe(202);
    const other = await harness.call('POST', '/dispatch', { ...request, task: 'echo twice' }, headers);
    expect({ status: other.status, code: other.body.error.code }).toEqual({
      status: 409,
      code: 'IDEMPOTENCY_CONFLICT',
    });
    await harness.ended(later.body.data.dispatchId);
  });
});

describe('every route', () => {
  it.each(['op_live_wrong-wrong-wrong-wrong', ''])('answers 401 to the key %j', async (key) => {
    const { status, body } = await harness.call('GET', `/dispatch/${NOBODYS}`, undefined, { 'x-api-key': key });

    expect({ status, success: body.success, code: body.error.code }).toEqual({
      status: 401,
      success: false,
      code: 'UNAUTHORIZED',
    });
  });

  it.each([
    ['GET', `/dispatch/${NOBODYS}`],
    ['GET', `/dispatch/${NOBODYS}/trace`],
    ['DELETE', `/dispatch/${NOBODYS}`],
    ['GET', `/artifacts/${NOBODYS}`],
    ['GET', '/dispatch/no-ulid'],
  ])('%s %s of a dispatch that is not there answers 404', async (method, path) => {
    const { status, body } = await harness.call(method, path);

    expect({ status, code: body.error.code }).toEqual({ status: 404, code: 'DISPATCH_NOT_FOUND' });
  });

  it('is alive without a key', async () => {
    const response = await fetch(`${harness.outpost.connection.baseUrl}/health/live`);

    expect(response.status).toBe(200);
  });
});
