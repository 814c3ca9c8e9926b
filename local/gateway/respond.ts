import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AwsResponse } from '../aws-service.ts';

const SILENCE_MS = 60_000;
const DRAIN_MS = 2_000;

/** Sends an answer. Where the client has not sent its whole request, the connection ends with the answer. */
export async function respond(request: IncomingMessage, response: ServerResponse, answer: AwsResponse): Promise<void> {
  if (response.destroyed) return discard(answer.body);
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(answer.status, answer.headers);
  if (request.method === 'HEAD' || answer.body === undefined) {
    discard(answer.body);
    response.end();
  } else if (answer.body instanceof Readable) {
    response.setTimeout(SILENCE_MS, () => response.destroy());
    // The client left, or the source failed: either way a cut-off answer is all that can still be said.
    await pipeline(answer.body, response).catch(() => response.destroy());
    response.setTimeout(0);
  } else {
    response.end(answer.body);
  }
  drain(request);
}

/**
 * Reads on for a little while what a client still sends, so that it comes to read the answer: closing at once would reset
 * the connection under it.
 */
function drain(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), DRAIN_MS);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}

function discard(body: AwsResponse['body']): void {
  if (body instanceof Readable) body.destroy();
}
