import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropicMessages } from './anthropic-messages.ts';
import { type FileWrite, writeByTool, writeInWords } from './file-write.ts';
import { gemini } from './gemini.ts';
import type { ModelDialect, ModelReply, ModelRequest } from './model-dialect.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import { smallestOf } from './smallest-value.ts';

/** A key that the stub refuses, as all of them refuse one: with 401. */
export const WRONG_KEY = 'sk-wrong-key';
const NO_SUCH_KEY = { type: 'error', error: { type: 'authentication_error', message: 'no such key' } };

const DIALECTS: readonly ModelDialect[] = [anthropicMessages, openaiResponses, openaiChat, gemini];

/** What the stub was asked, and what it said. */
export interface Exchange {
  readonly dialect: ModelDialect['name'];
  readonly request: ModelRequest;
  readonly reply: ModelReply;
}

export interface StubModel {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly exchanges: readonly Exchange[];
  /** Whatever else was asked of it, as `METHOD path`: answered with 404. */
  readonly unknown: readonly string[];
  close(): Promise<void>;
}

/**
 * A model on loopback, for the CLIs of the agents. It speaks the protocols of Anthropic, OpenAI and Google. Asked by a CLI
 * that can write files, it has one file written, and ends when it hears back.
 */
export async function startStubModel(write: FileWrite): Promise<StubModel> {
  const exchanges: Exchange[] = [];
  const unknown: string[] = [];
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => respond(response, 400, 'text/plain', String(error)));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?');
    const body = await readBody(request);
    if (JSON.stringify([request.headers, request.url]).includes(WRONG_KEY)) {
      response.setHeader('x-should-retry', 'false');
      return respond(response, 401, 'application/json', JSON.stringify(NO_SUCH_KEY));
    }
    const dialect = request.method === 'POST' ? DIALECTS.find((one) => one.speaks(path)) : undefined;
    if (dialect === undefined) {
      unknown.push(`${request.method} ${path}`);
      return respond(response, 404, 'application/json', '{"error":{"message":"not here"}}');
    }
    const asked = dialect.read(path, JSON.parse(body));
    const reply = replyTo(asked, write);
    exchanges.push({ dialect: dialect.name, request: asked, reply });
    const { contentType, body: words } = dialect.write(asked, reply);
    respond(response, 200, contentType, words);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    exchanges,
    unknown,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function replyTo(request: ModelRequest, write: FileWrite): ModelReply {
  const writing = request.hasToolResult ? undefined : writeByTool(request.tools, write);
  return writing ?? writeInWords(request, write) ?? { kind: 'text', text: answerTo(request) };
}

function answerTo({ answerSchema }: ModelRequest): string {
  return answerSchema === undefined ? 'Done.' : JSON.stringify(smallestOf(answerSchema));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function respond(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType }).end(body);
}
