import { z } from 'zod';
import {
  json,
  type ModelDialect,
  type ModelReply,
  type ModelRequest,
  plainEvents,
  REPLY_USAGE,
} from './model-dialect.ts';

const Part = z.looseObject({ text: z.string().optional() });
const Content = z.union([z.string().transform((text) => [{ text }]), z.array(Part), z.null().transform(() => [])]);
const Body = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(z.looseObject({ role: z.string(), content: Content.default([]) })),
  tools: z
    .array(
      z.looseObject({
        function: z.looseObject({
          name: z.string(),
          description: z.string().default(''),
          parameters: z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) }).optional(),
        }),
      }),
    )
    .default([]),
});
type Message = z.infer<typeof Body>['messages'][number];

/** OpenAI's Chat Completions API, which many providers speak. */
export const openaiChat: ModelDialect = {
  name: 'openai-chat',
  speaks: (path) => path.endsWith('/chat/completions'),
  read: (_path, body) => {
    const { model, stream, messages, tools } = Body.parse(body);
    return {
      model,
      stream,
      system: textsOf(messages, ['system', 'developer']).join('\n'),
      userTexts: textsOf(messages, ['user']),
      tools: tools.map(({ function: { name, description, parameters } }) => ({
        name,
        description,
        parameters: Object.keys(parameters?.properties ?? {}),
      })),
      hasToolResult: messages.some(({ role }) => role === 'tool'),
    };
  },
  write: (request, reply) =>
    request.stream ? plainEvents(chunksOf(request, reply), 'data: [DONE]\n\n') : json(completionOf(request, reply)),
};

function textsOf(messages: readonly Message[], roles: readonly string[]): string[] {
  return messages
    .filter(({ role }) => roles.includes(role))
    .flatMap(({ content }) => content.flatMap(({ text }) => (text === undefined ? [] : [text])));
}

const USAGE = {
  prompt_tokens: REPLY_USAGE.inputTokens,
  completion_tokens: REPLY_USAGE.outputTokens,
  total_tokens: REPLY_USAGE.inputTokens + REPLY_USAGE.outputTokens,
  prompt_tokens_details: { cached_tokens: REPLY_USAGE.cachedInputTokens },
};

function completionOf({ model }: ModelRequest, reply: ModelReply) {
  const choice = { index: 0, message: { role: 'assistant', ...wordsOf(reply) }, finish_reason: finishReason(reply) };
  return { id: 'chatcmpl-stub', object: 'chat.completion', created: 0, model, choices: [choice], usage: USAGE };
}

function chunksOf({ model }: ModelRequest, reply: ModelReply): unknown[] {
  const chunk = { id: 'chatcmpl-stub', object: 'chat.completion.chunk', created: 0, model };
  const words = { index: 0, delta: { role: 'assistant', ...wordsOf(reply) }, finish_reason: null };
  const end = { index: 0, delta: {}, finish_reason: finishReason(reply) };
  return [
    { ...chunk, choices: [words] },
    { ...chunk, choices: [end] },
    { ...chunk, choices: [], usage: USAGE },
  ];
}

function wordsOf(reply: ModelReply) {
  if (reply.kind === 'text') return { content: reply.text };
  const call = { name: reply.name, arguments: JSON.stringify(reply.input) };
  return { content: null, tool_calls: [{ index: 0, id: 'call_stub', type: 'function', function: call }] };
}

function finishReason(reply: ModelReply): string {
  return reply.kind === 'text' ? 'stop' : 'tool_calls';
}
