import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StubModel, startStubModel } from './stub-model/stub-model.ts';

let model: StubModel;

beforeEach(async () => {
  model = await startStubModel({ path: '/workspace/hello.txt', content: 'Hello.\n' });
});

afterEach(() => model.close());

const PARAMETERS = { type: 'object', properties: { file_path: { type: 'string' }, content: { type: 'string' } } };
const TOOL = { name: 'write_file', description: 'Writes a file.' };

/** The same first request in each protocol: a task, and a tool that writes files. */
const REQUESTS = {
  'anthropic-messages': {
    path: () => '/v1/messages',
    body: {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Do it.' }] }],
      tools: [{ ...TOOL, input_schema: PARAMETERS }],
    },
    result: { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', content: 'written' }] },
    turns: 'messages',
  },
  'openai-responses': {
    path: () => '/v1/responses',
    body: {
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Do it.' }] }],
      tools: [{ ...TOOL, type: 'function', parameters: PARAMETERS }],
    },
    result: { type: 'function_call_output', call_id: 'x', output: 'written' },
    turns: 'input',
  },
  'openai-chat': {
    path: () => '/v1/chat/completions',
    body: {
      messages: [{ role: 'user', content: 'Do it.' }],
      tools: [{ type: 'function', function: { ...TOOL, parameters: PARAMETERS } }],
    },
    result: { role: 'tool', tool_call_id: 'x', content: 'written' },
    turns: 'messages',
  },
  gemini: {
    path: (stream: boolean) => `/v1beta/models/m:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: {
      contents: [{ role: 'user', parts: [{ text: 'Do it.' }] }],
      tools: [{ functionDeclarations: [{ ...TOOL, parametersJsonSchema: PARAMETERS }] }],
    },
    result: { role: 'user', parts: [{ functionResponse: { name: 'write_file', response: {} } }] },
    turns: 'contents',
  },
} as const;

const CASES = Object.entries(REQUESTS).flatMap(([name, request]) =>
  [true, false].map((stream) => [`${name}${stream ? ', streaming' : ''}`, request, stream] as const),
);

describe.each(CASES)('the stub model by %s', (name, request, stream) => {
  const ask = (turn?: unknown) => {
    const turns = (request.body as Readonly<Record<string, unknown>>)[request.turns] as unknown[];
    const body = {
      ...request.body,
      model: 'm',
      stream,
      [request.turns]: turn === undefined ? turns : [...turns, turn],
    };
    return fetch(`${model.url}${request.path(stream)}`, { method: 'POST', body: JSON.stringify(body) });
  };

  it('asks for the file, and ends when it hears that it is written', async () => {
    const first = await (await ask()).text();
    const last = await (await ask(request.result)).text();

    expect(first).toContain('write_file');
    expect(first).toContain('/workspace/hello.txt');
    expect(last).toContain('Done.');
    expect(last).not.toContain('write_file');
  });

  it('notes what it was asked', async () => {
    const { headers } = await ask();

    expect(headers.get('content-type')).toBe(stream ? 'text/event-stream' : 'application/json');
    expect(model.exchanges).toHaveLength(1);
    expect(name).toContain(model.exchanges[0]?.dialect);
    expect(model.exchanges[0]?.request).toMatchObject({
      model: 'm',
      stream,
      userTexts: ['Do it.'],
      hasToolResult: false,
    });
  });
});

it('answers by the schema that it is given', async () => {
  const properties = { score: { type: 'integer' }, choice: { type: 'string', enum: ['fast', 'slow'] } };
  const generationConfig = { responseJsonSchema: { type: 'object', properties } };
  const body = { contents: [{ role: 'user', parts: [{ text: 'Which?' }] }], generationConfig };

  await fetch(`${model.url}/v1beta/models/m:generateContent`, { method: 'POST', body: JSON.stringify(body) });

  expect(model.exchanges[0]?.reply).toEqual({ kind: 'text', text: '{"score":1,"choice":"fast"}' });
});

it('refuses what it does not speak, and notes it', async () => {
  const { status } = await fetch(`${model.url}/v1/models`);

  expect(status).toBe(404);
  expect(model.unknown).toEqual(['GET /v1/models']);
});

it('refuses what is not the protocol', async () => {
  const { status } = await fetch(`${model.url}/v1/messages`, { method: 'POST', body: '{"messages":7}' });

  expect(status).toBe(400);
});
