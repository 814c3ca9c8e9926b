import { expect, it } from 'vitest';
import { specKey } from '../../core/artifact-keys.ts';
import { DispatchView } from '../../lambdas/api/wire.ts';
import { type ApiUnderTest, apiUnderTest, KEY } from './api-under-test.ts';
import { aRecord, DISPATCH_ID, NOW, TASK_ARN } from './records.ts';

const BODY = { agent: 'shell', task: 'echo hello', timeoutSeconds: 60 };

const post = (api: ApiUnderTest, body: unknown, headers: Record<string, string> = {}) =>
  api.send('POST', '/dispatch', { body, headers: { authorization: `Bearer ${KEY}`, ...headers } });

it('accepts a dispatch: place, spec, record, event and execution, in that order', async () => {
  const api = apiUnderTest();

  const { status, json } = await post(api, BODY);

  expect(status).toBe(202);
  expect(json).toEqual({
    success: true,
    data: {
      dispatchId: '01J9ZK6W3N8R5T7V9X1Y3Z5A00',
      attempt: 1,
      status: 'pending',
      agent: 'shell',
      taskPreview: 'echo hello',
      timeoutSeconds: 60,
      createdAt: NOW,
      updatedAt: NOW,
    },
    meta: { requestId: expect.stringMatching(/.{8,}/), timestamp: NOW },
  });
  expect(api.deeds.order).toEqual(['place', 'spec', 'record', 'event', 'execution']);
  expect(api.deeds.started).toEqual([
    { dispatchId: json.data.dispatchId, attempt: 1, tenantId: 'acme', agent: 'shell', timeoutSeconds: 60 },
  ]);
});

it('hands the task on unchanged, and shows its beginning', async () => {
  const api = apiUnderTest();
  const task = `echo "it's $(id)" \\\n\t\u0001\u{1F680}${'\u{1F680}'.repeat(24_000)}`;

  const { json } = await post(api, { agent: 'shell', task });

  expect(api.deeds.specs[0]).toMatchObject({ version: 1, task, timeoutSeconds: 1_800 });
  expect(task.startsWith(json.data.taskPreview)).toBe(true);
  expect(json.data.taskPreview.isWellFormed()).toBe(true);
});

it('takes a repository, a model and all that goes with them to the spec, and shows them', async () => {
  const api = apiUnderTest();
  const asked = {
    repo: 'acme/rocket',
    branch: 'feature/x',
    modelId: 'claude-sonnet-4-5',
    contextLevel: 'full',
    workspaceMode: 'persistent',
    additionalSecrets: ['DEPLOY_KEY'],
  };

  const { status, json } = await post(api, { agent: 'claude', task: 'Make it fly.', ...asked });

  expect(status).toBe(202);
  expect(json.data).toMatchObject({ ...asked, taskPreview: 'Make it fly.' });
  expect(json.data).not.toHaveProperty('task');
  expect(api.deeds.specs).toEqual([
    {
      version: 1,
      dispatchId: json.data.dispatchId,
      tenantId: 'acme',
      agent: 'claude',
      task: 'Make it fly.',
      timeoutSeconds: 1_800,
      ...asked,
    },
  ]);
});

it('accepts an empty script and the key in X-API-Key', async () => {
  const api = apiUnderTest();

  const { status } = await api.send('POST', '/dispatch', {
    body: { agent: 'shell', task: '' },
    headers: { 'x-api-key': KEY },
  });

  expect(status).toBe(202);
});

it.each<[string, unknown, string, string]>([
  ['no agent', { task: 'x' }, 'agent', 'is required'],
  ['an agent that there is none of', { agent: 'cobol', task: 'x' }, 'agent', 'must be one of claude'],
  ['a task that is no text', { ...BODY, task: 5 }, 'task', 'must be a text'],
  ['a task that is too long', { ...BODY, task: 'x'.repeat(50_001) }, 'task', 'at most 50000'],
  ['a task with a NUL', { ...BODY, task: 'a\0b' }, 'task', 'NUL'],
  ['a repository that is no name or URL', { ...BODY, repo: 'rocket' }, 'repo', 'must be owner/name'],
  ['a repository with a password', { ...BODY, repo: 'https://a:b@x.com/y' }, 'repo', 'user or password'],
  ['a branch that git refuses', { ...BODY, repo: 'a/b', branch: '-x' }, 'branch', 'begin with a dash'],
  ['a branch of nothing', { ...BODY, branch: 'main' }, 'branch', 'without repo'],
  ['a model for a script', { ...BODY, modelId: 'gpt-5' }, 'modelId', 'asks no model'],
  ['a context for a script', { ...BODY, contextLevel: 'full' }, 'contextLevel', 'is a script'],
  ['a level that there is none of', { ...BODY, agent: 'claude', contextLevel: 'all' }, 'contextLevel', 'minimal'],
  ['a model that is an option', { ...BODY, agent: 'claude', modelId: '-x' }, 'modelId', 'name of a model'],
  ['an unknown field', { ...BODY, model: 'x' }, 'model', 'is not a known field'],
  ['a time-out of 0', { ...BODY, timeoutSeconds: 0 }, 'timeoutSeconds', 'at least 1'],
  ['a time-out of more than a day', { ...BODY, timeoutSeconds: 86_401 }, 'timeoutSeconds', 'at most 86400'],
  ['half a second', { ...BODY, timeoutSeconds: 0.5 }, 'timeoutSeconds', 'whole number'],
  ['broken JSON', '{"agent":', '', 'not JSON'],
  ['an empty body', '', '', 'not JSON'],
  ['a list', [], '', 'the body must be an object'],
  ['bytes that are not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), '', 'not UTF-8'],
])('refuses %s, and names it', async (_, body, path, message) => {
  const api = apiUnderTest();

  const { status, json } = await post(api, body);

  expect(status).toBe(400);
  expect(json).toMatchObject({ success: false, error: { code: 'VALIDATION_ERROR' } });
  expect(json.error.details).toContainEqual({ path, message: expect.stringContaining(message) });
  expect(api.deeds.order).toEqual([]);
});

it('names every fault of a body at once', async () => {
  const { json } = await post(apiUnderTest(), { agent: 'shell', timeoutSeconds: '5', a: 1, b: 2 });

  expect(json.error.details.map(({ path }: { path: string }) => path).toSorted()).toEqual([
    'a',
    'b',
    'task',
    'timeoutSeconds',
  ]);
});

it('refuses a body of another content type', async () => {
  const { status, json } = await post(apiUnderTest(), 'agent=shell', {
    'content-type': 'application/x-www-form-urlencoded',
  });

  expect([status, json.error.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
});

it('names the agents that are available to who asks for another', async () => {
  const { status, json } = await post(apiUnderTest(), { agent: 'grok', task: 'Fix the build.' });

  expect([status, json.error.code]).toEqual([400, 'AGENT_UNAVAILABLE']);
  expect(json.error.details.available).toContain('shell');
});

it('refuses a dispatch over the limit of the tenant before anything of it is written', async () => {
  const api = apiUnderTest();
  await post(api, BODY);
  await post(api, BODY);

  const { status, json } = await post(api, BODY);

  expect([status, json.error.code]).toEqual([429, 'TOO_MANY_DISPATCHES']);
  expect(api.records.size).toBe(2);
});

it('answers the same dispatch for the same Idempotency-Key, and completes what an earlier try left undone', async () => {
  let failures = 1;
  const api = apiUnderTest({
    events: {
      requested: async () => {
        if (failures-- > 0) throw new Error('EventBridge is away');
      },
    },
  });
  const headers = { 'idempotency-key': 'order-66' };

  const answers = [await post(api, BODY, headers), await post(api, BODY, headers)];

  expect(answers.map(({ status }) => status)).toEqual([500, 202]);
  expect(api.deeds.reservations[0]).toEqual({ tenantId: 'acme', key: 'order-66', request: BODY });
  expect(api.records.size).toBe(1);
  expect(api.deeds.started).toHaveLength(1);
});

it('leaves a dispatch that has ended alone when its request is repeated', async () => {
  const api = apiUnderTest();
  api.records.set('01J9ZK6W3N8R5T7V9X1Y3Z5AZZ', aRecord({ status: 'SUCCESS', endedAt: NOW }));

  const { json } = await post(api, BODY, { 'idempotency-key': 'again' });

  expect(json.data.status).toBe('success');
  expect(api.deeds.order).toEqual([]);
});

it('gives the place back where a twin of the request has ended meanwhile', async () => {
  const twin = aRecord({ status: 'FAILED', endedAt: NOW });
  const looks = [undefined, twin];
  const api = apiUnderTest({
    dispatches: {
      get: async () => looks.shift(),
      create: async () => false,
      requestCancel: async () => undefined,
      postedSince: async () => [],
    },
  });

  const { json } = await post(api, BODY, { 'idempotency-key': 'twin' });

  expect(json.data.status).toBe('failed');
  expect([...api.places]).toEqual([]);
});

it.each(['', 'with space', 'é', 'x'.repeat(256)])('refuses the Idempotency-Key %j', async (key) => {
  const { status, json } = await post(apiUnderTest(), BODY, { 'idempotency-key': key });

  expect([status, json.error.details[0].path]).toEqual([400, 'idempotency-key']);
});

it('shows a dispatch without what is only ours', async () => {
  const api = apiUnderTest();
  const output = { outputKey: 'dispatches/secret/', fileCount: 2, totalBytes: 12 };
  api.records.set(
    DISPATCH_ID,
    aRecord({ status: 'SUCCESS', taskArn: TASK_ARN, startedAt: NOW, endedAt: NOW, exitCode: 0, output }),
  );

  const { status, json } = await api.send('GET', `/dispatch/${DISPATCH_ID}`);

  expect(status).toBe(200);
  expect(json.data).toMatchObject({ status: 'success', exitCode: 0, output: { fileCount: 2, totalBytes: 12 } });
  expect(Object.keys(json.data).filter((field) => !(field in DispatchView.shape))).toEqual([]);
  expect(JSON.stringify(json)).not.toMatch(/acme|arn:|dispatches\//);
});

it('keeps the spec where the worker looks for it', () => {
  expect(specKey(DISPATCH_ID)).toBe(`dispatches/${DISPATCH_ID}/spec.json`);
});
