import { z } from 'zod';
import {
  json,
  type ModelDialect,
  type ModelReply,
  type ModelRequest,
  namedEvents,
  type OfferedTool,
  REPLY_USAGE,
} from './model-dialect.ts';

const Part = z.looseObject({ text: z.string().optional() });
const Content = z.union([z.string().transform((text) => [{ text }]), z.array(Part)]);
const Tool = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  description: z.string().default(''),
  parameters: z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) }).nullish(),
});
/** Codex groups tools by namespace. */
const ToolOrGroup = Tool.extend({ tools: z.array(Tool).optional() });
const Item = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  content: Content.nullish(),
  /** Codex offers the tools of its newer models in an item of type `additional_tools`. */
  tools: z.array(ToolOrGroup).optional(),
});
type Item = z.infer<typeof Item>;
const Body = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  instructions: z.string().default(''),
  input: z.union([z.string().transform((text): Item[] => [{ role: 'user', content: [{ text }] }]), z.array(Item)]),
  tools: z.array(ToolOrGroup).default([]),
});

/** OpenAI's Responses API. */
export const openaiResponses: ModelDialect = {
  name: 'openai-responses',
  speaks: (path) => path.endsWith('/responses'),
  read: (_path, body) => {
    const { model, stream, instructions, input, tools } = Body.parse(body);
    return {
      model,
      stream,
      system: instructions,
      userTexts: input
        .filter(({ role }) => role === 'user')
        .flatMap(({ content }) => (content ?? []).flatMap(({ text }) => (text === undefined ? [] : [text]))),
      tools: [...tools, ...input.flatMap((item) => item.tools ?? [])]
        .flatMap(({ tools: group, ...tool }) => group ?? [tool])
        .flatMap(offered),
      hasToolResult: input.some(({ type }) => type?.endsWith('_call_output')),
    };
  },
  write: (request, reply) =>
    request.stream ? namedEvents(eventsOf(request, reply)) : json(responseOf(request, reply)),
};

/** The provider's own tools have no name: the model's side runs them. */
function offered({ name, description, parameters }: z.infer<typeof Tool>): OfferedTool[] {
  return name === undefined ? [] : [{ name, description, parameters: Object.keys(parameters?.properties ?? {}) }];
}

function responseOf({ model }: ModelRequest, reply: ModelReply) {
  return {
    id: 'resp_stub',
    object: 'response',
    created_at: 0,
    status: 'completed',
    model,
    output: [itemOf(reply)],
    usage: {
      input_tokens: REPLY_USAGE.inputTokens,
      input_tokens_details: { cached_tokens: REPLY_USAGE.cachedInputTokens },
      output_tokens: REPLY_USAGE.outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: REPLY_USAGE.inputTokens + REPLY_USAGE.outputTokens,
    },
  };
}

function itemOf(reply: ModelReply) {
  if (reply.kind === 'text') {
    const content = [{ type: 'output_text', text: reply.text, annotations: [] }];
    return { type: 'message', id: 'msg_stub', role: 'assistant', status: 'completed', content };
  }
  const call = { id: 'fc_stub', call_id: 'call_stub', name: reply.name, status: 'completed' };
  return typeof reply.input === 'string'
    ? { ...call, type: 'custom_tool_call', input: reply.input }
    : { ...call, type: 'function_call', arguments: JSON.stringify(reply.input) };
}

function eventsOf(request: ModelRequest, reply: ModelReply): { type: string }[] {
  const response = responseOf(request, reply);
  const item = itemOf(reply);
  const events = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
    { type: 'response.output_item.added', output_index: 0, item },
    ...(reply.kind === 'text'
      ? [
          {
            type: 'response.output_text.delta',
            item_id: 'msg_stub',
            output_index: 0,
            content_index: 0,
            delta: reply.text,
          },
        ]
      : []),
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response },
  ];
  return events.map((event, sequence_number) => ({ ...event, sequence_number }));
}
