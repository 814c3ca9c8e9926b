import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUCKET, type RunningS3, runS3 } from './running-s3.ts';

let s3: RunningS3;

beforeAll(async () => {
  s3 = await runS3();
});
afterAll(() => s3.remove());

async function put(Key: string, Body: string | Readable, more: Partial<PutObjectCommandInput> = {}) {
  return s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, ...more }));
}

async function read(Key: string, more: object = {}): Promise<string> {
  const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key, ...more }));
  return (await Body?.transformToString()) ?? '';
}

function dataFiles(): string[] {
  return readdirSync(join(s3.folder, 's3', BUCKET, 'data'));
}

describe('an object', () => {
  it('comes back with its bytes, headers and metadata', async () => {
    const headers = {
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      ContentDisposition: 'attachment; filename="a.txt"',
      ContentEncoding: 'gzip',
      ContentLanguage: 'en',
      Metadata: { dispatch: '01J', 'two-words': 'a  b' },
    };
    await put('full', 'hello', headers);

    const got = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'full' }));

    expect(await got.Body?.transformToString()).toBe('hello');
    expect(got).toMatchObject({
      ...headers,
      ContentLength: 5,
      ETag: `"${createHash('md5').update('hello').digest('hex')}"`,
    });
    expect(got).toMatchObject({ ServerSideEncryption: 'AES256', AcceptRanges: 'bytes', ChecksumCRC32: 'NhCmhg==' });
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'is checked by %s, sent ahead or as a trailer',
    async (ChecksumAlgorithm) => {
      const body = 'x'.repeat(70_000);
      const stream = Readable.from([Buffer.from(body.slice(0, 12_345)), Buffer.from(body.slice(12_345))]);

      const ahead = await put('ahead', body, { ChecksumAlgorithm });
      const trailing = await put('trailing', stream, { ChecksumAlgorithm, ContentLength: body.length });

      const field = `Checksum${ChecksumAlgorithm}` as const;
      expect(trailing[field]).toBe(ahead[field]);
      expect(ahead).toMatchObject({ [field]: expect.any(String), ChecksumType: 'FULL_OBJECT' });
      expect(await read('trailing', { ChecksumMode: 'ENABLED' })).toBe(body);
    },
  );

  it('is refused, and leaves nothing behind, where its checksum is wrong', async () => {
    const before = dataFiles().length;

    const wrongCrc = put('wrong', 'hello', { ChecksumCRC32: 'AAAAAA==' });
    await expect(wrongCrc).rejects.toMatchObject({ name: 'BadDigest' });
    const wrongMd5 = put('wrong', 'hello', { ContentMD5: createHash('md5').update('other').digest('base64') });
    await expect(wrongMd5).rejects.toMatchObject({ name: 'BadDigest' });
    const badMd5 = put('wrong', 'hello', { ContentMD5: 'AAAA' });
    await expect(badMd5).rejects.toMatchObject({ name: 'InvalidDigest' });

    await expect(read('wrong')).rejects.toMatchObject({ name: 'NoSuchKey', Key: 'wrong' });
    expect(dataFiles().length).toBe(before);
  });

  it('may be empty', async () => {
    await put('empty', '');

    const head = await s3.client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'empty' }));

    expect(head.ContentLength).toBe(0);
    expect(await read('empty')).toBe('');
  });

  it('is served by range', async () => {
    await put('range', '0123456789');

    expect(await read('range', { Range: 'bytes=2-4' })).toBe('234');
    expect(await read('range', { Range: 'bytes=7-' })).toBe('789');
    expect(await read('range', { Range: 'bytes=-3' })).toBe('789');
    expect(await read('range', { Range: 'bytes=5-100' })).toBe('56789');
    const got = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'range', Range: 'bytes=0-0' }));
    expect(got).toMatchObject({ ContentRange: 'bytes 0-0/10', ContentLength: 1 });
    expect(got.ChecksumCRC32).toBeUndefined();
    await expect(read('range', { Range: 'bytes=10-' })).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  it('answers conditional reads', async () => {
    const { ETag } = await put('read-if', 'v1');
    const later = new Date(Date.now() + 60_000);
    const earlier = new Date(Date.now() - 60_000);

    expect(await read('read-if', { IfMatch: ETag, IfUnmodifiedSince: earlier })).toBe('v1');
    expect(await read('read-if', { IfNoneMatch: '"other"', IfModifiedSince: later })).toBe('v1');
    await expect(read('read-if', { IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(read('read-if', { IfUnmodifiedSince: earlier })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    const unchanged = { $metadata: { httpStatusCode: 304 } };
    await expect(read('read-if', { IfNoneMatch: ETag })).rejects.toMatchObject(unchanged);
    await expect(read('read-if', { IfModifiedSince: later })).rejects.toMatchObject(unchanged);
  });

  it('is written once, however many race for it', async () => {
    const racers = Array.from({ length: 10 }, (_, i) => put('once', `racer ${i}`, { IfNoneMatch: '*' }));

    const results = await Promise.allSettled(racers);

    const losers = results.filter((result) => result.status === 'rejected');
    expect(losers.length).toBe(9);
    for (const { reason } of losers)
      expect(reason).toMatchObject({ name: 'PreconditionFailed', Condition: 'If-None-Match' });
  });

  it('is replaced only where it is still what the writer saw', async () => {
    const { ETag } = await put('swap', 'v1');

    await put('swap', 'v2', { IfMatch: ETag });

    await expect(put('swap', 'v3', { IfMatch: ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(put('nobody', 'v3', { IfMatch: ETag })).rejects.toMatchObject({ name: 'NoSuchKey' });
    expect(await read('swap')).toBe('v2');
  });

  it('survives a restart, and its replaced data is gone from disk', async () => {
    await put('kept', 'old');
    await put('kept', 'new', { Metadata: { a: 'b' } });
    await put('gone', 'x');
    await s3.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'gone' }));
    const files = dataFiles().length;

    s3 = await s3.restart();

    expect(await read('kept')).toBe('new');
    await expect(read('gone')).rejects.toMatchObject({ name: 'NoSuchKey' });
    expect(dataFiles().length).toBe(files);
  });

  it('is read to its end though it is deleted meanwhile', async () => {
    const body = 'y'.repeat(5_000_000);
    await put('deleted-while-read', body);
    const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'deleted-while-read' }));

    await s3.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'deleted-while-read' }));

    expect((await Body?.transformToString())?.length).toBe(body.length);
  });
});

describe('a key', () => {
  const strange = [
    '../../../../etc/passwd',
    '/absolute',
    './.',
    'a/../../b',
    'trailing/',
    'sp ace+plus%2Fpercent',
    'quotes\'"<&>',
    'line\nbreak\rand\ttab',
    'control\u0001\u007f',
    'ünï😀\ue000',
    'k'.repeat(1024),
    'n/'.repeat(512),
  ];

  it.each(strange.map((key) => ({ key, shown: JSON.stringify(key.slice(0, 24)) })))(
    'stays inside the data folder: $shown',
    async ({ key }) => {
      await put(key, `body of ${key}`);

      const text = await read(key);

      expect(text).toBe(`body of ${key}`);
      expect(readdirSync(s3.folder).sort()).toEqual(['gateway-secret', 's3']);
      expect(readdirSync(join(s3.folder, 's3', BUCKET)).sort()).toEqual(['data', 'index.jsonl']);
      expect(existsSync('/etc/passwd')).toBe(true);
    },
  );

  it('of more than 1,024 bytes is refused', async () => {
    await expect(put('ü'.repeat(513), 'x')).rejects.toMatchObject({ name: 'KeyTooLongError' });
  });
});

describe('a delete', () => {
  it('of a key that is not there succeeds', async () => {
    const answer = await s3.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'never' }));

    expect(answer.$metadata.httpStatusCode).toBe(204);
  });

  it('takes many keys at once, strange ones too', async () => {
    const keys = ['many/a', 'many/<b>&\n', 'many/c'];
    for (const key of keys) await put(key, 'x');

    const Objects = [...keys, 'many/none'].map((Key) => ({ Key }));
    const answer = await s3.client.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } }));

    expect(answer.Deleted?.map(({ Key }) => Key)).toEqual([...keys, 'many/none']);
    for (const key of keys) await expect(read(key)).rejects.toMatchObject({ name: 'NoSuchKey' });
  });
});

describe('a copy', () => {
  it('keeps or replaces metadata', async () => {
    await put('source ü', 'copied', { ContentType: 'text/x', Metadata: { a: '1' } });
    const CopySource = `${BUCKET}/${encodeURIComponent('source ü')}`;

    const copied = await s3.client.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'copy', CopySource }));
    const replaced = { MetadataDirective: 'REPLACE', Metadata: { b: '2' } } as const;
    await s3.client.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'copy-2', CopySource, ...replaced }));

    expect(copied.CopyObjectResult?.ETag).toBe(`"${createHash('md5').update('copied').digest('hex')}"`);
    expect(await read('copy')).toBe('copied');
    const head = (Key: string) => s3.client.send(new HeadObjectCommand({ Bucket: BUCKET, Key }));
    expect(await head('copy')).toMatchObject({ Metadata: { a: '1' }, ContentType: 'text/x' });
    expect((await head('copy-2')).Metadata).toEqual({ b: '2' });
  });

  it('weighs the conditions on its source', async () => {
    await put('source', 'x');
    const input = { Bucket: BUCKET, Key: 'copy-3', CopySource: `${BUCKET}/source` };

    const copy = s3.client.send(new CopyObjectCommand({ ...input, CopySourceIfMatch: '"other"' }));

    await expect(copy).rejects.toMatchObject({ name: 'PreconditionFailed' });
  });
});

describe('a bucket', () => {
  it('is found, listed and located', async () => {
    const head = await s3.client.send(new HeadBucketCommand({ Bucket: BUCKET }));
    const { Buckets } = await s3.client.send(new ListBucketsCommand({}));
    const location = await s3.client.send(new GetBucketLocationCommand({ Bucket: BUCKET }));

    expect(head.BucketRegion).toBe('us-east-1');
    expect(Buckets).toMatchObject([{ Name: BUCKET, CreationDate: expect.any(Date) }]);
    expect(location.LocationConstraint).toBeFalsy();
  });

  it('that the template does not have is not there', async () => {
    const get = s3.client.send(new GetObjectCommand({ Bucket: 'other-bucket', Key: 'x' }));
    await expect(get).rejects.toMatchObject({ name: 'NoSuchBucket', BucketName: 'other-bucket' });
    const head = s3.client.send(new HeadBucketCommand({ Bucket: 'other-bucket' }));
    await expect(head).rejects.toMatchObject({ name: 'NotFound' });
  });
});
