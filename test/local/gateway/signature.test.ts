import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSignedBy, readClaim } from '../../../local/gateway/signature.ts';

/** The examples of AWS's "Authenticating Requests (AWS Signature Version 4)". */
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const SCOPE = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';
const host = 'examplebucket.s3.amazonaws.com';
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const dated = { host, 'x-amz-date': '20130524T000000Z' };

function signed(headers: Record<string, string>, signature: string): Record<string, string> {
  const names = Object.keys(headers).sort().join(';');
  const authorization = `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=${names},Signature=${signature}`;
  return { ...headers, authorization };
}

const examples = {
  'a GET of a range': {
    method: 'GET',
    path: '/test.txt',
    query: '',
    payloadHash: hashOf(''),
    headers: signed(
      { ...dated, range: 'bytes=0-9', 'x-amz-content-sha256': hashOf('') },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ),
  },
  'a PUT': {
    method: 'PUT',
    path: '/test%24file.text',
    query: '',
    payloadHash: hashOf('Welcome to Amazon S3.'),
    headers: signed(
      {
        ...dated,
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-content-sha256': hashOf('Welcome to Amazon S3.'),
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ),
  },
  'a GET of a subresource': {
    method: 'GET',
    path: '/',
    query: 'lifecycle',
    payloadHash: hashOf(''),
    headers: signed(
      { ...dated, 'x-amz-content-sha256': hashOf('') },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ),
  },
  'a list with parameters': {
    method: 'GET',
    path: '/',
    query: 'prefix=J&max-keys=2',
    payloadHash: hashOf(''),
    headers: signed(
      { ...dated, 'x-amz-content-sha256': hashOf('') },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ),
  },
  'a presigned URL': {
    method: 'GET',
    path: '/test.txt',
    query:
      `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(SCOPE)}&X-Amz-Date=20130524T000000Z` +
      '&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    payloadHash: 'UNSIGNED-PAYLOAD',
    headers: { host } as Record<string, string>,
  },
};

describe('a signature', () => {
  it.each(Object.entries(examples))('that AWS documents is good, and good for nothing else: %s', (_, example) => {
    const claim = readClaim(example.headers, example.query);
    if (!claim || claim === 'malformed') throw new Error('The claim should be readable.');

    expect(isSignedBy(SECRET, claim, example)).toBe(true);
    expect(isSignedBy(SECRET, claim, { ...example, path: `${example.path}x` })).toBe(false);
    expect(isSignedBy(SECRET, claim, { ...example, query: `${example.query}&x=1` })).toBe(false);
    expect(isSignedBy(SECRET, claim, { ...example, method: 'DELETE' })).toBe(false);
    expect(isSignedBy(SECRET, claim, { ...example, payloadHash: hashOf('other') })).toBe(false);
    expect(isSignedBy(SECRET, claim, { ...example, headers: { ...example.headers, host: 'other' } })).toBe(false);
    expect(isSignedBy(`${SECRET}x`, claim, example)).toBe(false);
  });

  it.each([
    'AWS4-HMAC-SHA256',
    `AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=host`,
    'AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=x',
    'Bearer token',
  ])('that lacks a part is malformed: %s', (authorization) => {
    expect(readClaim({ ...dated, authorization }, '')).toBe('malformed');
  });
});
