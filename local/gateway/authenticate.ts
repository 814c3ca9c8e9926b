import type { Caller } from '../aws-service.ts';
import type { AccessKeys } from './access-keys.ts';
import { AwsError } from './aws-error.ts';
import { type Claim, isSignedBy, type SignedParts, timeOf } from './signature.ts';

const SKEW_MS = 15 * 60_000;
const WEEK_SECONDS = 604_800;

/** The caller that a claim names, if its scope and time are good. The signature itself is `checkSignature`'s matter. */
export function identify(keys: AccessKeys, claim: Claim, region: string, now: number): Caller {
  const s3 = claim.service === 's3';
  const caller = keys.find(claim.accessKeyId);
  if (!caller) throw unknownKey(claim);
  if (claim.region !== region) throw wrongRegion(claim, region);
  const signedAt = timeOf(claim.signedAt);
  if (Number.isNaN(signedAt) || !claim.signedAt.startsWith(claim.scopeDate)) throw malformed(claim.service, claim);
  if (claim.expires !== undefined) checkExpiry(claim, claim.expires, signedAt, now);
  else if (Math.abs(now - signedAt) > SKEW_MS) throw s3 ? skewedForS3(claim, now) : skewed(claim, signedAt, now);
  return caller;
}

/** Throws unless the caller's secret signed these parts of the request, the host among them. */
export function checkSignature(caller: Caller, claim: Claim, parts: SignedParts): void {
  if (!claim.signedHeaders.includes('host')) throw malformed(claim.service, claim);
  if (claim.service === 's3') refuseUnsignedHeaders(claim, parts);
  if (isSignedBy(caller.secretAccessKey, claim, parts)) return;
  if (claim.service === 's3') {
    throw new AwsError(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      { status: 403, fields: { AWSAccessKeyId: claim.accessKeyId, SignatureProvided: claim.signature } },
    );
  }
  throw new AwsError(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
      'and signing method. Consult the service documentation for details.',
    { status: 403 },
  );
}

/** What an unsigned request is told: S3 takes it for an anonymous one. */
export function unsigned(service: string): AwsError {
  return service === 's3'
    ? new AwsError('AccessDenied', 'Access Denied', { status: 403 })
    : new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token', { status: 403 });
}

export function malformed(service: string, claim?: Claim): AwsError {
  if (service !== 's3') {
    const message =
      'The request signature does not conform to AWS standards: credential, date, signed headers (with host) and signature are needed.';
    return new AwsError('IncompleteSignatureException', message);
  }
  return claim?.expires === undefined
    ? new AwsError('AuthorizationHeaderMalformed', 'The authorization header you provided is invalid.')
    : new AwsError('AuthorizationQueryParametersError', 'The authorization query parameters you provided are invalid.');
}

function checkExpiry(claim: Claim, expires: number, signedAt: number, now: number): void {
  if (expires < 1 || expires > WEEK_SECONDS) {
    throw new AwsError(
      'AuthorizationQueryParametersError',
      `X-Amz-Expires must be between 1 and ${WEEK_SECONDS} seconds`,
    );
  }
  if (now < signedAt - SKEW_MS) {
    throw new AwsError('AccessDenied', 'Request is not valid yet', { status: 403, fields: { ServerTime: iso(now) } });
  }
  const end = signedAt + expires * 1000;
  if (now < end) return;
  const fields = { 'X-Amz-Expires': claim.expires, Expires: iso(end), ServerTime: iso(now) };
  throw new AwsError('AccessDenied', 'Request has expired', { status: 403, fields });
}

/** S3 takes no `x-amz-*` header that the signature does not cover: a stranger could have added it. */
function refuseUnsignedHeaders(claim: Claim, parts: SignedParts): void {
  const covered = new Set(claim.signedHeaders);
  // A presigned URL's hash is in its query, and the header then only repeats it.
  if (claim.expires !== undefined) covered.add('x-amz-content-sha256');
  const loose = Object.keys(parts.headers).filter((name) => name.startsWith('x-amz-') && !covered.has(name));
  if (loose.length === 0) return;
  throw new AwsError('AccessDenied', 'There were headers present in the request which were not signed', {
    status: 403,
    fields: { HeadersNotSigned: loose.join(', ') },
  });
}

function unknownKey(claim: Claim): AwsError {
  return claim.service === 's3'
    ? new AwsError('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
        status: 403,
        fields: { AWSAccessKeyId: claim.accessKeyId },
      })
    : new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.', {
        status: 403,
      });
}

function wrongRegion(claim: Claim, region: string): AwsError {
  if (claim.service !== 's3')
    return new AwsError('InvalidSignatureException', 'Credential should be scoped to a valid region.', { status: 403 });
  const message = `The authorization header is malformed; the region '${claim.region}' is wrong; expecting '${region}'`;
  return new AwsError('AuthorizationHeaderMalformed', message, { fields: { Region: region } });
}

function skewed(claim: Claim, signedAt: number, now: number): AwsError {
  const [word, relation, bound] =
    signedAt < now ? ['expired', 'earlier', now - SKEW_MS] : ['not yet current', 'later', now + SKEW_MS];
  const message = `Signature ${word}: ${claim.signedAt} is now ${relation} than ${compact(bound)} (${compact(now)} ${signedAt < now ? '-' : '+'} 15 min.)`;
  return new AwsError('InvalidSignatureException', message, { status: 403 });
}

function skewedForS3(claim: Claim, now: number): AwsError {
  const fields = { RequestTime: claim.signedAt, ServerTime: iso(now), MaxAllowedSkewMilliseconds: SKEW_MS };
  const message = 'The difference between the request time and the current time is too large.';
  return new AwsError('RequestTimeTooSkewed', message, { status: 403, fields });
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

function compact(time: number): string {
  return iso(time).replace(/[-:]/g, '');
}
