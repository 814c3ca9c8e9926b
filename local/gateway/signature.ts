import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export const ALGORITHM = 'AWS4-HMAC-SHA256';
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

/** What a Signature Version 4 says about its request, as the client claims it. */
export interface Claim {
  readonly accessKeyId: string;
  /** `YYYYMMDD` of the credential scope. */
  readonly scopeDate: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ` as sent. */
  readonly signedAt: string;
  /** Seconds that a presigned URL is good for; absent where the signature is in the header. */
  readonly expires?: number;
}

/** The parts of a request that a signature covers. */
export interface SignedParts {
  readonly method: string;
  /** The path as sent, percent-encoded. */
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** Lower-case hex SHA-256 of the body, or the word that stands for it. */
  readonly payloadHash: string;
}

/** Reads the claim out of the Authorization header or of a presigned query; `undefined` where there is neither. */
export function readClaim(headers: IncomingHttpHeaders, query: string): Claim | 'malformed' | undefined {
  if (headers.authorization !== undefined) return headerClaim(headers, headers.authorization);
  const pairs = new Map(queryPairs(query).map(([name, value]) => [name.toLowerCase(), value]));
  return pairs.has('x-amz-algorithm') || pairs.has('x-amz-signature') ? queryClaim(pairs) : undefined;
}

/** Whether the claim's signature is the one that the secret gives for this request. */
export function isSignedBy(secretAccessKey: string, claim: Claim, parts: SignedParts): boolean {
  const expected = sign(signingKey(secretAccessKey, claim), stringToSign(claim, canonicalRequest(claim, parts)));
  return sameText(expected, claim.signature);
}

export function signingKey(secretAccessKey: string, claim: Claim): Buffer {
  const steps = [claim.scopeDate, claim.region, claim.service, 'aws4_request'];
  return steps.reduce(
    (key, step) => createHmac('sha256', key).update(step).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
}

export function sign(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

export function scopeOf(claim: Claim): string {
  return `${claim.scopeDate}/${claim.region}/${claim.service}/aws4_request`;
}

export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Milliseconds since the epoch of `YYYYMMDDTHHMMSSZ`; NaN where the text is not one. */
export function timeOf(amzDate: string): number {
  const iso = amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  return iso === amzDate ? Number.NaN : Date.parse(iso);
}

/** Names and values of a query, decoded; throws `URIError` where an escape is not UTF-8. */
export function queryPairs(query: string): [name: string, value: string][] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return [decodeQuery(name), decodeQuery(value)];
    });
}

/** Percent-encodes all but the unreserved characters of RFC 3986, as AWS does. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function headerClaim(headers: IncomingHttpHeaders, authorization: string): Claim | 'malformed' {
  const match = /^AWS4-HMAC-SHA256\s+(.*)$/.exec(authorization);
  const fields = new Map((match?.[1] ?? '').split(',').map((field) => splitField(field.trim())));
  const signedAt = headers['x-amz-date'];
  return assembleClaim(fields.get('Credential'), fields.get('SignedHeaders'), fields.get('Signature'), signedAt);
}

function queryClaim(pairs: Map<string, string>): Claim | 'malformed' {
  const [credential, headers] = [pairs.get('x-amz-credential'), pairs.get('x-amz-signedheaders')];
  const claim = assembleClaim(credential, headers, pairs.get('x-amz-signature'), pairs.get('x-amz-date'));
  const expires = pairs.get('x-amz-expires') ?? '';
  if (claim === 'malformed' || pairs.get('x-amz-algorithm') !== ALGORITHM || !/^\d{1,6}$/.test(expires))
    return 'malformed';
  return { ...claim, expires: Number(expires) };
}

function assembleClaim(
  credential: string | undefined,
  headers: string | undefined,
  signature: string | undefined,
  signedAt: string | string[] | undefined,
): Claim | 'malformed' {
  const scope = /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(credential ?? '');
  const [, accessKeyId, scopeDate, region, service] = scope ?? [];
  if (!accessKeyId || !scopeDate || !region || !service) return 'malformed';
  if (!headers || !signature || typeof signedAt !== 'string') return 'malformed';
  return { accessKeyId, scopeDate, region, service, signedHeaders: headers.split(';'), signature, signedAt };
}

function splitField(field: string): [string, string] {
  const at = field.indexOf('=');
  return at < 0 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)];
}

function stringToSign(claim: Claim, canonical: string): string {
  return [ALGORITHM, claim.signedAt, scopeOf(claim), createHash('sha256').update(canonical).digest('hex')].join('\n');
}

function canonicalRequest(claim: Claim, parts: SignedParts): string {
  return [
    parts.method,
    canonicalPath(claim.service, parts.path),
    canonicalQuery(parts.query),
    ...claim.signedHeaders.map((name) => `${name}:${headerText(parts.headers[name])}`),
    '',
    claim.signedHeaders.join(';'),
    parts.payloadHash,
  ].join('\n');
}

/** S3 signs the path encoded once and never normalized; every other service signs it encoded twice. */
function canonicalPath(service: string, path: string): string {
  const segments = path.split('/');
  return segments.map((segment) => encodeStrictly(service === 's3' ? decodeURIComponent(segment) : segment)).join('/');
}

function canonicalQuery(query: string): string {
  return queryPairs(query)
    .filter(([name]) => name.toLowerCase() !== 'x-amz-signature')
    .map(([name, value]): [string, string] => [encodeStrictly(name), encodeStrictly(value)])
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function headerText(value: string | string[] | undefined): string {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text.trim().replace(/\s+/g, ' ');
}

function decodeQuery(text: string): string {
  return decodeURIComponent(text.replaceAll('+', '%20'));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
