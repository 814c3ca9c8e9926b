import { z } from 'zod';
import {
  json,
  type ModelDialect,
  type ModelReply,
  type ModelRequest,
  plainEvents,
  REPLY_USAGE,
} from './model-dialect.ts';

const Part = z.looseObject({ text: z.string().optional(), functionResponse: z.unknown().optional() });
const Turn = z.looseObject({ role: z.string().optional(), parts: z.array(Part).default([]) });
const Schema = z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) });
const Declaration = z.looseObject({
  name: z.string(),
  description: z.string().default(''),
  parameters: Schema.optional(),
  parametersJsonSchema: Schema.optional(),
});
const Body = z.looseObject({
  contents: z.array(Turn),
  systemInstruction: Turn.optional(),
  generationConfig: z
    .looseObject({ responseJsonSchema: z.unknown(), responseSchema: z.unknown() })
    .partial()
    .default({}),
  tools: z.array(z.looseObject({ functionDeclarations: z.array(Declaration).default([]) })).default([]),
});

const METHOD = /\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

/** Google's Gemini API. */
export const gemini: ModelDialect = {
  name: 'gemini',
  speaks: (path) => METHOD.test(path),
  read: (path, body) => {
    const [, model = '', method] = METHOD.exec(path) ?? [];
    const { contents, systemInstruction, generationConfig, tools } = Body.parse(body);
    const parts = contents.filter(({ role }) => role !== 'model').flatMap((turn) => turn.parts);
    return {
      model,
      stream: method === 'streamGenerateContent',
      system: textsOf(systemInstruction?.parts ?? []).join('\n'),
      userTexts: textsOf(parts),
      tools: tools
        .flatMap(({ functionDeclarations }) => functionDeclarations)
        .map(({ name, description, parameters, parametersJsonSchema }) => ({
          name,
          description,
          parameters: Object.keys({ ...parameters?.properties, ...parametersJsonSchema?.properties }),
        })),
      answerSchema: generationConfig.responseJsonSchema ?? generationConfig.responseSchema,
      hasToolResult: parts.some(({ functionResponse }) => functionResponse !== undefined),
    };
  },
  write: (request, reply) => {
    const response = responseOf(request, reply);
    return request.stream ? plainEvents([response]) : json(response);
  },
};

function textsOf(parts: readonly z.infer<typeof Part>[]): string[] {
  return parts.flatMap(({ text }) => (text === undefined ? [] : [text]));
}

function responseOf({ model }: ModelRequest, reply: ModelReply) {
  const part = reply.kind === 'text' ? { text: reply.text } : { functionCall: { name: reply.name, args: reply.input } };
  return {
    candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }],
    usageMetadata: {
      promptTokenCount: REPLY_USAGE.inputTokens,
      cachedContentTokenCount: REPLY_USAGE.cachedInputTokens,
      candidatesTokenCount: REPLY_USAGE.outputTokens,
      totalTokenCount: REPLY_USAGE.inputTokens + REPLY_USAGE.outputTokens,
    },
    modelVersion: model,
    responseId: 'stub',
  };
}
