import { expect, it } from 'vitest';
import type { ApiCollaborators } from '../../lambdas/api/collaborators.ts';
import { apiUnderTest, KEY, OTHER_KEY, SUSPENDED_KEY } from './api-under-test.ts';
import { aManifest, aRecord, DISPATCH_ID, NOW, SHA256, TASK_ARN } from './records.ts';

const DISPATCH_ROUTES: [method: string, path: string, rest: string][] = [
  ['GET', '/dispatch/', ''],
  ['GET', '/dispatch/', '/trace'],
  ['DELETE', '/dispatch/', ''],
  ['POST', '/dispatch/', '/replay'],
  ['GET', '/artifacts/', ''],
];

const withRecord = (fields: Parameters<typeof aRecord>[0] = {}, changes: Partial<ApiCollaborators> = {}) => {
  const api = apiUnderTest(changes);
  api.records.set(DISPATCH_ID, aRecord(fields));
  return api;
};

it.each([
  ['none', {}],
  ['a wrong one', { authorization: 'Bearer nonsense' }],
  ['one that is not known', { 'x-api-key': 'op_live_of-' }],
  ['a malformed header', { authorization: KEY }],
  ['another scheme', { authorization: `Basic ${KEY}` }],
])('answers 401 where the key is %s', async (_, headers) => {
  const { status, json, headers: answered } = await withRecord().send('GET', `/dispatch/${DISPATCH_ID}`, { headers });

  expect([status, json.error.code]).toEqual([401, 'UNAUTHORIZED']);
  expect(answered.get('www-authenticate')).toBe('Bearer');
});

it('answers 403 to a suspended tenant', async () => {
  const headers = { authorization: `Bearer ${SUSPENDED_KEY}` };

  const { status, json } = await apiUnderTest().send('POST', '/dispatch', { body: {}, headers });

  expect([status, json.error.code]).toEqual([403, 'TENANT_SUSPENDED']);
});

it.each(DISPATCH_ROUTES)(
  'tells nobody whether a dispatch of another tenant exists: %s %s{id}%s',
  async (method, path, rest) => {
    const api = withRecord();
    const foreign = { authorization: `Bearer ${OTHER_KEY}` };
    const ids = [DISPATCH_ID, '01J9ZK6W3N8R5T7V9X1Y3Z5A99', DISPATCH_ID.toLowerCase(), 'x', '%00', '%E0%A4%A'];

    const answers = await Promise.all(ids.map((id) => api.send(method, `${path}${id}${rest}`, { headers: foreign })));

    const bodies = answers.map(({ status, json }) => JSON.stringify([status, json.success, json.error]));
    expect(new Set(bodies).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 404, json: { error: { code: 'DISPATCH_NOT_FOUND' } } });
    expect(api.deeds.order).toEqual([]);
  },
);

it.each(DISPATCH_ROUTES)('refuses an unknown query parameter: %s %s{id}%s', async (method, path, rest) => {
  const { status, json } = await withRecord().send(method, `${path}${DISPATCH_ID}${rest}?log=5`);

  expect([status, json.error.code]).toEqual([400, 'VALIDATION_ERROR']);
  expect(json.error.details).toEqual([{ path: 'log', message: 'is not a known parameter' }]);
});

it.each(['logs=0', 'logs=1001', 'logs=x', 'logs=', 'logs=1.5', 'logs=1&logs=2', 'logsAfter='])(
  'refuses ?%s',
  async (query) => {
    const { status, json } = await withRecord({ taskArn: TASK_ARN }).send('GET', `/dispatch/${DISPATCH_ID}?${query}`);

    expect([status, json.error.code]).toEqual([400, 'VALIDATION_ERROR']);
  },
);

it('answers log lines where they are asked for, and none while no agent has begun', async () => {
  const [begun, pending] = [withRecord({ status: 'RUNNING', taskArn: TASK_ARN }), withRecord()];

  const answers = [
    await begun.send('GET', `/dispatch/${DISPATCH_ID}?logs=5`),
    await begun.send('GET', `/dispatch/${DISPATCH_ID}?logsAfter=f/0`),
    await pending.send('GET', `/dispatch/${DISPATCH_ID}?logs=5`),
    await begun.send('GET', `/dispatch/${DISPATCH_ID}`),
  ];

  const lines = { lines: [{ timestamp: NOW, message: 'hello' }], nextToken: 'f/1' };
  expect(answers.map(({ json }) => json.data.logs)).toEqual([lines, lines, { lines: [], nextToken: null }, undefined]);
});

it('answers an empty trace for an attempt that was not started yet', async () => {
  const { json } = await withRecord().send('GET', `/dispatch/${DISPATCH_ID}/trace`);

  expect(json.data).toEqual({
    executionArn: expect.stringMatching(new RegExp(`:${DISPATCH_ID}-1$`)),
    status: 'not_started',
    states: [],
  });
});

it('traces the attempt that is asked for, and none that never was', async () => {
  const api = withRecord({ status: 'RUNNING', attempt: 2 });
  const traceOf = (query: string) => api.send('GET', `/dispatch/${DISPATCH_ID}/trace${query}`);

  const [current, first, third] = [await traceOf(''), await traceOf('?attempt=1'), await traceOf('?attempt=3')];

  const executions = [current, first].map(({ json }) => json.data.executionArn.slice(-2));
  expect(executions).toEqual(['-2', '-1']);
  expect([third.status, third.json.error]).toMatchObject([404, { code: 'ATTEMPT_NOT_FOUND', details: { attempt: 2 } }]);
});

it('writes the intent of a cancel before it stops the ECS task, and does so again', async () => {
  const api = withRecord({ status: 'RUNNING', taskArn: TASK_ARN });

  const answers = [
    await api.send('DELETE', `/dispatch/${DISPATCH_ID}`),
    await api.send('DELETE', `/dispatch/${DISPATCH_ID}`),
  ];

  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  expect(answers.map(({ json }) => json.data.cancelRequestedAt)).toEqual([NOW, NOW]);
  expect(api.deeds.stopped).toEqual([`${TASK_ARN} cancel`, `${TASK_ARN} cancel`]);
});

it('stops nothing where no ECS task has begun', async () => {
  const api = withRecord({ status: 'PROVISIONING' });

  const { status } = await api.send('DELETE', `/dispatch/${DISPATCH_ID}`);

  expect(status).toBe(202);
  expect(api.deeds.stopped).toEqual([]);
});

it('answers a cancel of what is cancelled like the first, and of what ended otherwise with how it ended', async () => {
  const [cancelled, failed] = [
    withRecord({ status: 'CANCELLED', endedAt: NOW, cancelRequestedAt: NOW }),
    withRecord({ status: 'FAILED', endedAt: NOW }),
  ];

  const repeated = await cancelled.send('DELETE', `/dispatch/${DISPATCH_ID}`);
  const late = await failed.send('DELETE', `/dispatch/${DISPATCH_ID}`);

  expect([repeated.status, repeated.json.data.status]).toEqual([200, 'cancelled']);
  expect([late.status, late.json.error]).toMatchObject([
    409,
    { code: 'DISPATCH_ENDED', details: { status: 'failed' } },
  ]);
});

const outputs = (changes: Partial<ApiCollaborators['artifacts']> = {}): Partial<ApiCollaborators> => ({
  artifacts: {
    getManifest: async ({ attempt }) => (attempt === 1 ? { valid: true, content: aManifest() } : undefined),
    presign: async (key, seconds, name) => `https://s3.test/${key}?${seconds}&${name}`,
    ...changes,
  },
});

it('lists the files of an attempt, and the objects with URLs for 15 minutes', async () => {
  const api = withRecord({ status: 'SUCCESS', attempt: 2 }, outputs());

  const { status, json } = await api.send('GET', `/artifacts/${DISPATCH_ID}?attempt=1`);

  expect(status).toBe(200);
  expect(json.data).toMatchObject({ attempt: 1, fileCount: 2, totalBytes: 12, filesTruncated: false });
  expect(json.data.files[0]).toEqual({ path: 'report.md', type: 'file', size: 7, sha256: SHA256 });
  expect(json.data.objects.map(({ name }: { name: string }) => name)).toEqual([
    'manifest.json',
    'workspace.tar.gz',
    'output.log',
  ]);
  expect(json.data.objects[1]).toEqual({
    name: 'workspace.tar.gz',
    size: 100,
    sha256: SHA256,
    url: `https://s3.test/dispatches/${DISPATCH_ID}/1/workspace.tar.gz?900&${DISPATCH_ID}-1-workspace.tar.gz`,
    expiresAt: '2026-03-01T12:15:00.000Z',
  });
});

it.each<[string, Parameters<typeof aRecord>[0], string, number]>([
  ['the current one where it has ended', { status: 'FAILED', attempt: 2 }, '', 2],
  ['the one before where the current one lives', { status: 'RUNNING', attempt: 2 }, '', 1],
  ['the first where there is no other', { status: 'COMPLETING', attempt: 1 }, '', 1],
  ['the one that is asked for', { status: 'SUCCESS', attempt: 3 }, '?attempt=2', 2],
])('answers the output of an attempt: %s', async (_, fields, query, attempt) => {
  const getManifest = async () => ({ valid: true as const, content: aManifest() });
  const api = withRecord(fields, outputs({ getManifest }));

  const { json } = await api.send('GET', `/artifacts/${DISPATCH_ID}${query}`);

  expect(json.data.attempt).toBe(attempt);
});

it.each([
  ['FAILED', '', 'OUTPUT_NOT_FOUND', 'Attempt 2 has ended without an output. `?attempt=N` asks for another one.'],
  ['FAILED', '?attempt=2', 'OUTPUT_NOT_FOUND', 'Attempt 2 has ended without'],
  ['RUNNING', '?attempt=2', 'OUTPUT_NOT_FOUND', 'Attempt 2 has no output yet.'],
  ['FAILED', '?attempt=3', 'ATTEMPT_NOT_FOUND', ''],
] as const)('answers 404 where a dispatch that is %s has no output: %s', async (state, query, code, words) => {
  const api = withRecord({ status: state, attempt: 2 }, outputs());

  const { status, json } = await api.send('GET', `/artifacts/${DISPATCH_ID}${query}`);

  expect([status, json.error.code]).toEqual([404, code]);
  expect(json.error.message).toContain(words);
});

it.each(['x', '"', '\n', 'ä'])(
  'shortens a list of files that no answer could hold, and says so: %j',
  async (character) => {
    const files = Array.from({ length: 30_000 }, (_, index) => ({
      path: `${index}-${character.repeat(100)}`,
      type: 'file' as const,
      size: 1,
      sha256: SHA256,
    }));
    const api = withRecord({}, outputs({ getManifest: async () => ({ valid: true, content: aManifest({ files }) }) }));

    const { json } = await api.send('GET', `/artifacts/${DISPATCH_ID}`);

    expect(json.data).toMatchObject({ fileCount: 30_000, filesTruncated: true });
    // Lambda counts its whole answer, in which the body is a string.
    expect(Buffer.byteLength(JSON.stringify({ body: JSON.stringify(json) }))).toBeLessThan(5_000_000);
  },
);

it('counts what the manifest counts and does not list', async () => {
  const manifest = aManifest({ unlisted: { files: 300_000, bytes: 1_000, skipped: 1 } });
  const api = withRecord({}, outputs({ getManifest: async () => ({ valid: true, content: manifest }) }));

  const { json } = await api.send('GET', `/artifacts/${DISPATCH_ID}`);

  expect(json.data).toMatchObject({ fileCount: 300_002, totalBytes: 1_012, filesTruncated: true });
});

it('answers 404 where the manifest cannot be read, and says why', async () => {
  const getManifest = async () => ({ valid: false, reason: 'is not JSON' }) as const;
  const api = withRecord({ status: 'FAILED', attempt: 1 }, outputs({ getManifest }));

  const { status, json } = await api.send('GET', `/artifacts/${DISPATCH_ID}`);

  expect([status, json.error]).toMatchObject([
    404,
    { code: 'OUTPUT_NOT_FOUND', message: 'The manifest of attempt 1 cannot be read: it is not JSON' },
  ]);
});

it('tells a client nothing of an error of ours, and us everything', async () => {
  const api = withRecord(
    {},
    {
      executions: { start: async () => {}, arnOf: () => '', history: () => Promise.reject(new Error('secret table')) },
    },
  );

  const { status, json } = await api.send('GET', `/dispatch/${DISPATCH_ID}/trace`);

  expect([status, json.error.code]).toEqual([500, 'INTERNAL_ERROR']);
  expect(JSON.stringify(json)).not.toContain('secret');
  expect(api.deeds.reported).toEqual(['secret table']);
});

it.each([
  ['GET', '/', 404, 'NOT_FOUND'],
  ['GET', '/nothing', 404, 'NOT_FOUND'],
  ['GET', `/dispatch/${DISPATCH_ID}/nothing`, 404, 'NOT_FOUND'],
  ['PUT', `/dispatch/${DISPATCH_ID}`, 405, 'METHOD_NOT_ALLOWED'],
  ['GET', '/dispatch', 405, 'METHOD_NOT_ALLOWED'],
  ['POST', '/health/live', 405, 'METHOD_NOT_ALLOWED'],
])('answers %s %s with %i %s', async (method, path, status, code) => {
  const answer = await apiUnderTest().send(method, path);

  expect([answer.status, answer.json.error.code]).toEqual([status, code]);
});

it('says that it lives to anyone', async () => {
  const { status, json } = await apiUnderTest().send('GET', '/health/live', { headers: {} });

  expect([status, json.data]).toEqual([200, { status: 'live' }]);
});

it('describes every route of its own', async () => {
  const { json } = await apiUnderTest().send('GET', '/openapi.json', { headers: {} });

  expect(json.openapi).toBe('3.1.0');
  expect(
    Object.entries(json.paths).flatMap(([path, item]) => Object.keys(item as object).map((verb) => `${verb} ${path}`)),
  ).toEqual([
    'get /health/live',
    'get /health/fleet',
    'post /dispatch',
    'get /dispatch/{id}',
    'delete /dispatch/{id}',
    'get /dispatch/{id}/trace',
    'post /dispatch/{id}/replay',
    'get /artifacts/{id}',
  ]);
  expect(json.paths['/dispatch'].post.requestBody.content['application/json'].schema).toMatchObject({
    required: expect.arrayContaining(['agent', 'task']),
    additionalProperties: false,
  });
});
