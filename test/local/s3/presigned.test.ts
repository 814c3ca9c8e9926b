import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUCKET, clientOf, type RunningS3, runS3 } from './running-s3.ts';

let s3: RunningS3;
let now = Date.now();

beforeAll(async () => {
  s3 = await runS3({ now: () => now });
  await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: "a b/ü'", Body: 'hello' }));
});
afterAll(() => s3.remove());

function getUrl(more: object = {}, expiresIn = 60): Promise<string> {
  return getSignedUrl(s3.client, new GetObjectCommand({ Bucket: BUCKET, Key: "a b/ü'", ...more }), { expiresIn });
}

async function errorCode(response: Response): Promise<string | undefined> {
  return /<Code>(.*)<\/Code>/.exec(await response.text())?.[1];
}

describe('a presigned URL', () => {
  it('gives the object to whoever holds it, with the headers that it names', async () => {
    const url = await getUrl({
      ResponseContentType: 'text/markdown',
      ResponseContentDisposition: 'attachment; filename="r.md"',
    });

    const response = await fetch(url);

    expect(response.status).toBe(200);
    expect(await response.text()).toBe('hello');
    expect(response.headers.get('content-type')).toBe('text/markdown');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="r.md"');
  });

  it('is good until it expires', async () => {
    const url = await getUrl({}, 60);
    const signedAt = Date.parse(
      String(new URL(url).searchParams.get('X-Amz-Date')).replace(/(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'),
    );

    now = signedAt + 59_999;
    const before = await fetch(url);
    now = signedAt + 60_000;
    const after = await fetch(url);
    now = Date.now();

    expect(before.status).toBe(200);
    expect(after.status).toBe(403);
    expect(await after.text()).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message>');
  });

  it('is worth nothing for another key, method, expiry or header override', async () => {
    const url = await getUrl({ ResponseContentType: 'text/plain' });

    const changed = [
      await fetch(url.replace('/a%20b/', '/b/')),
      await fetch(url, { method: 'DELETE' }),
      await fetch(url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600')),
      await fetch(url.replace('text%2Fplain', 'text%2Fhtml')),
    ];

    for (const response of changed) expect(await errorCode(response)).toBe('SignatureDoesNotMatch');
    expect(await errorCode(await fetch(url.replace('Expires=60', 'Expires=604801')))).toBe(
      'AuthorizationQueryParametersError',
    );
    expect(await errorCode(await fetch(url.replace(/X-Amz-Date=[^&]+/, '')))).toBe('AuthorizationHeaderMalformed');
  });

  it('takes an upload, whatever checksum of nothing the SDK presigned', async () => {
    const command = new PutObjectCommand({ Bucket: BUCKET, Key: 'put', Metadata: { by: 'url' } });
    const url = await getSignedUrl(s3.client, command, { expiresIn: 60 });

    const response = await fetch(url, { method: 'PUT', body: 'uploaded', headers: { 'content-type': 'text/plain' } });

    expect(url).toContain('x-amz-checksum-crc32=AAAAAA');
    expect(response.status).toBe(200);
    const got = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'put' }));
    expect(await got.Body?.transformToString()).toBe('uploaded');
    expect(got).toMatchObject({ ContentType: 'text/plain', Metadata: { by: 'url' } });
  });

  it('takes no header of S3 that it does not cover', async () => {
    const url = await getSignedUrl(s3.client, new PutObjectCommand({ Bucket: BUCKET, Key: 'put-2' }), {
      expiresIn: 60,
    });

    const response = await fetch(url, { method: 'PUT', body: 'x', headers: { 'x-amz-meta-added': '1' } });

    expect(response.status).toBe(403);
    expect(await response.text()).toContain('<HeadersNotSigned>x-amz-meta-added</HeadersNotSigned>');
  });

  it('of a key that nobody was given is refused', async () => {
    const stranger = clientOf(s3.gateway, { credentials: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' } });

    const url = await getSignedUrl(stranger, new GetObjectCommand({ Bucket: BUCKET, Key: 'x' }));

    expect(await errorCode(await fetch(url))).toBe('InvalidAccessKeyId');
    stranger.destroy();
  });
});
