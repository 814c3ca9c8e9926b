import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { type Claim, scopeOf, sign, signingKey } from '../../../local/gateway/signature.ts';
import { ChunkedBody, type ChunkSigner } from '../../../local/s3/chunked-body.ts';

/** The example of "Signature calculations for the authorization header: transferring payload in multiple chunks". */
const claim: Claim = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  scopeDate: '20130524',
  region: 'us-east-1',
  service: 's3',
  signedHeaders: ['host'],
  signature: '',
  signedAt: '20130524T000000Z',
};
const key = signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', claim);
const PLAIN = {
  seed: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  chunks: [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ],
};
const TRAILING = {
  seed: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
  chunks: [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
  ],
  trailer: 'x-amz-checksum-crc32c:sOO8/Q==',
  signature: 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
};

function signer(seed: string): ChunkSigner {
  return {
    seed,
    sign: (algorithm, lines) => sign(key, [algorithm, claim.signedAt, scopeOf(claim), ...lines].join('\n')),
  };
}

function signedChunks([first, second, last]: readonly string[], a = 'a'): string {
  const chunks = [
    `10000;chunk-signature=${first}\r\n${a.repeat(65536)}`,
    `400;chunk-signature=${second}\r\n${a.repeat(1024)}`,
  ];
  return [...chunks, `0;chunk-signature=${last}\r\n`].join('\r\n');
}

/** Decodes a text that arrives in pieces of some size. */
async function decode(text: string, body: ChunkedBody, piece = 1000): Promise<string> {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, i) =>
    bytes.subarray(i * piece, (i + 1) * piece),
  );
  let decoded = '';
  await pipeline(Readable.from(pieces, { objectMode: false }), body, async (source) => {
    decoded = (await buffer(source)).toString();
  });
  return decoded;
}

describe('a chunked body', () => {
  it.each([1, 7, 1000])('comes out whole, with its trailers, in pieces of %i bytes', async (piece) => {
    const body = new ChunkedBody(undefined, true);

    const text = await decode('5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:abc=\r\n\r\n', body, piece);

    expect(text).toBe('hello world');
    expect(body.trailers.get('x-amz-checksum-crc32')).toBe('abc=');
  });

  it('is accepted with the signatures that AWS documents', async () => {
    const text = await decode(`${signedChunks(PLAIN.chunks)}\r\n`, new ChunkedBody(signer(PLAIN.seed), false));

    expect(text).toBe('a'.repeat(66_560));
  });

  it('is accepted with the trailer signature that AWS documents', async () => {
    const trailer = `${TRAILING.trailer}\r\nx-amz-trailer-signature:${TRAILING.signature}\r\n\r\n`;
    const body = new ChunkedBody(signer(TRAILING.seed), true);

    const text = await decode(signedChunks(TRAILING.chunks) + trailer, body);

    expect(text.length).toBe(66_560);
    expect(body.trailers.get('x-amz-checksum-crc32c')).toBe('sOO8/Q==');
  });

  it('is refused where a chunk or the trailer is not what was signed', async () => {
    const changed = decode(`${signedChunks(PLAIN.chunks, 'b')}\r\n`, new ChunkedBody(signer(PLAIN.seed), false));
    await expect(changed).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
    const trailer = `x-amz-checksum-crc32c:AAAAAA==\r\nx-amz-trailer-signature:${TRAILING.signature}\r\n\r\n`;
    const forged = decode(signedChunks(TRAILING.chunks) + trailer, new ChunkedBody(signer(TRAILING.seed), true));
    await expect(forged).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  it.each([
    ['cut off within a chunk', '5\r\nhel', 'IncompleteBody'],
    ['without a last chunk', '5\r\nhello\r\n', 'IncompleteBody'],
    ['longer than its size', '5\r\nhello world\r\n0\r\n\r\n', 'InvalidRequest'],
    ['with a size that is no number', 'x\r\nhello\r\n0\r\n\r\n', 'InvalidRequest'],
    ['with bytes behind its end', '0\r\n\r\nmore', 'InvalidRequest'],
    ['with a line that never ends', 'a'.repeat(20_000), 'InvalidRequest'],
  ])('%s is refused', async (_, text, code) => {
    await expect(decode(text, new ChunkedBody(undefined, true))).rejects.toMatchObject({ code });
  });
});
