/** A tool that a CLI offers to the model. */
export interface OfferedTool {
  readonly name: string;
  readonly description: string;
  /** The names of its arguments; none where it takes plain text. */
  readonly parameters: readonly string[];
}

/** What a CLI asked of the model, in whatever protocol. */
export interface ModelRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly system: string;
  /** Every text that came as the user's, oldest first. */
  readonly userTexts: readonly string[];
  readonly tools: readonly OfferedTool[];
  /** Whether the conversation holds the answer of a tool by now. */
  readonly hasToolResult: boolean;
  /** A JSON schema that the answer has to follow. @default it may be plain words */
  readonly answerSchema?: unknown;
}

/** What the model says: words, or the call of one tool. */
export type ModelReply =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'tool';
      readonly name: string;
      /** Arguments, or the plain text that the tool takes. */
      readonly input: Readonly<Record<string, unknown>> | string;
    };

export interface HttpReply {
  readonly contentType: 'application/json' | 'text/event-stream';
  readonly body: string;
}

/** One provider's protocol: how its requests are read and its answers written. */
export interface ModelDialect {
  readonly name: 'anthropic-messages' | 'openai-responses' | 'openai-chat' | 'gemini';
  /** Whether a POST to this path, its query left off, is this protocol's. */
  speaks(path: string): boolean;
  /** Throws where the body is not what the protocol says. */
  read(path: string, body: unknown): ModelRequest;
  write(request: ModelRequest, reply: ModelReply): HttpReply;
}

/** What every answer of the stub costs. The cached tokens are part of the input's. */
export const REPLY_USAGE = { inputTokens: 1200, cachedInputTokens: 200, outputTokens: 34 } as const;

export function json(body: unknown): HttpReply {
  return { contentType: 'application/json', body: JSON.stringify(body) };
}

/** A stream of server-sent events, each with its `type` as its name. */
export function namedEvents(events: readonly { readonly type: string }[]): HttpReply {
  const body = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  return { contentType: 'text/event-stream', body };
}

/** A stream of server-sent events without names. */
export function plainEvents(events: readonly unknown[], end = ''): HttpReply {
  const body = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  return { contentType: 'text/event-stream', body: body + end };
}
