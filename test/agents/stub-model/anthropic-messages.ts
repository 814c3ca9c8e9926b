import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  json,
  type ModelDialect,
  type ModelReply,
  type ModelRequest,
  namedEvents,
  REPLY_USAGE,
} from './model-dialect.ts';

const Block = z.looseObject({ type: z.string(), text: z.string().optional() });
const Content = z.union([z.string().transform((text) => [{ type: 'text', text }]), z.array(Block)]);
const Body = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  system: Content.default([]),
  messages: z.array(z.looseObject({ role: z.string(), content: Content })),
  tools: z
    .array(
      z.looseObject({
        name: z.string(),
        description: z.string().default(''),
        input_schema: z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) }).optional(),
      }),
    )
    .default([]),
});

/** Anthropic's Messages API. */
export const anthropicMessages: ModelDialect = {
  name: 'anthropic-messages',
  speaks: (path) => path.endsWith('/v1/messages'),
  read: (_path, body) => {
    const { model, stream, system, messages, tools } = Body.parse(body);
    const blocks = messages.filter(({ role }) => role === 'user').flatMap(({ content }) => content);
    return {
      model,
      stream,
      system: textsOf(system).join('\n'),
      userTexts: textsOf(blocks),
      tools: tools.map(({ name, description, input_schema }) => ({
        name,
        description,
        parameters: Object.keys(input_schema?.properties ?? {}),
      })),
      hasToolResult: blocks.some(({ type }) => type === 'tool_result'),
    };
  },
  write: (request, reply) => (request.stream ? namedEvents(eventsOf(request, reply)) : json(messageOf(request, reply))),
};

function textsOf(blocks: readonly z.infer<typeof Block>[]): string[] {
  return blocks.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : []));
}

/** Anthropic counts what comes from the cache beside the input, not in it. */
const USAGE = {
  input_tokens: REPLY_USAGE.inputTokens - REPLY_USAGE.cachedInputTokens,
  cache_read_input_tokens: REPLY_USAGE.cachedInputTokens,
  cache_creation_input_tokens: 0,
  output_tokens: REPLY_USAGE.outputTokens,
};

function messageOf({ model }: ModelRequest, reply: ModelReply) {
  return {
    // CLIs count a message once, by its id.
    id: `msg_${randomUUID()}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [reply.kind === 'text' ? { type: 'text', text: reply.text } : toolUse(reply)],
    stop_reason: stopReason(reply),
    stop_sequence: null,
    usage: USAGE,
  };
}

function eventsOf(request: ModelRequest, reply: ModelReply): { type: string }[] {
  const message = { ...messageOf(request, reply), content: [], stop_reason: null };
  const [content_block, delta] =
    reply.kind === 'text'
      ? [
          { type: 'text', text: '' },
          { type: 'text_delta', text: reply.text },
        ]
      : [
          { ...toolUse(reply), input: {} },
          { type: 'input_json_delta', partial_json: JSON.stringify(reply.input) },
        ];
  return [
    { type: 'message_start', message } as { type: string },
    { type: 'content_block_start', index: 0, content_block } as { type: string },
    { type: 'content_block_delta', index: 0, delta } as { type: string },
    { type: 'content_block_stop', index: 0 } as { type: string },
    { type: 'message_delta', delta: { stop_reason: stopReason(reply), stop_sequence: null }, usage: USAGE } as {
      type: string;
    },
    { type: 'message_stop' },
  ];
}

function toolUse({ name, input }: Extract<ModelReply, { kind: 'tool' }>) {
  return { type: 'tool_use', id: 'toolu_stub', name, input };
}

function stopReason(reply: ModelReply): string {
  return reply.kind === 'text' ? 'end_turn' : 'tool_use';
}
