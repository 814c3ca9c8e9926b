import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { AwsRequest, Caller } from '../aws-service.ts';
import { checkSignature, malformed, unsigned } from './authenticate.ts';
import { AwsError } from './aws-error.ts';
import { BUFFERED_LIMIT, bodyStream, collect, tooLarge } from './request-body.ts';
import { type Claim, queryPairs, readClaim, type SignedParts, UNSIGNED_PAYLOAD } from './signature.ts';

/** A request as it came in, its URL taken apart. */
export interface Incoming {
  readonly request: IncomingMessage;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly requestId: string;
  /** Tells a client that waits with its body to send it. */
  proceed(): void;
}

/** The claim of a request; throws where there is none, or where the URL is not one. */
export function claimOf(incoming: Incoming): Claim {
  let claim: ReturnType<typeof readClaim>;
  try {
    if (!incoming.path.startsWith('/')) throw new URIError('The path does not begin with a slash.');
    for (const part of [incoming.path, incoming.query]) decodeURIComponent(part);
    claim = readClaim(incoming.request.headers, incoming.query);
  } catch (cause) {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.", { cause });
  }
  const service = guessService(incoming.request);
  if (claim === undefined) throw unsigned(service);
  if (claim === 'malformed') throw malformed(service);
  return claim;
}

/** For requests without a readable signature: the JSON services name their target, S3 never does. */
export function guessService(request: IncomingMessage): string {
  return request.headers['x-amz-target'] === undefined ? 's3' : 'json';
}

/** Checks the signature and gives the request as its service sees it; throws in the words of that service. */
export async function verified(incoming: Incoming, claim: Claim, caller: Caller): Promise<AwsRequest> {
  const { request, method, path, query, requestId } = incoming;
  const parts = { method, path, query, headers: request.headers };
  const check = (payloadHash: string) => checkSignature(caller, claim, { ...parts, payloadHash } satisfies SignedParts);
  const body = claim.service === 's3' ? streamedBody(incoming, claim, check) : await bufferedBody(incoming, check);
  return { service: claim.service, ...parts, caller, requestId, ...body };
}

type Body = Pick<AwsRequest, 'stream' | 'readBody'>;

/** A whole body, hashed and checked before anybody sees it. */
async function bufferedBody({ request, proceed }: Incoming, check: (payloadHash: string) => void): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > BUFFERED_LIMIT) throw tooLarge();
  proceed();
  const bytes = await collect(bodyStream(request));
  check(createHash('sha256').update(bytes).digest('hex'));
  return { stream: Readable.from([bytes]), readBody: async () => bytes };
}

/** A body that flows on: its signature is checked first, its hash at its end. */
function streamedBody(incoming: Incoming, claim: Claim, check: (payloadHash: string) => void): Body {
  const payloadHash = declaredHash(incoming, claim);
  check(payloadHash);
  incoming.proceed();
  const stream = bodyStream(incoming.request, /^[0-9a-f]{64}$/.test(payloadHash) ? payloadHash : undefined);
  return { stream, readBody: () => collect(stream) };
}

function declaredHash({ request, query }: Incoming, claim: Claim): string {
  const header = request.headers['x-amz-content-sha256'];
  if (claim.expires === undefined) {
    if (typeof header === 'string') return header;
    throw new AwsError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const inQuery = queryPairs(query).find(([name]) => name.toLowerCase() === 'x-amz-content-sha256')?.[1];
  return inQuery ?? (typeof header === 'string' ? header : UNSIGNED_PAYLOAD);
}
