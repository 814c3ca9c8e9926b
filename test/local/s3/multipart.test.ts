import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checksumOf } from '../../../local/s3/checksum.ts';
import { combineCrcs } from '../../../local/s3/crc-combine.ts';
import { BUCKET, clientOf, type RunningS3, runS3 } from './running-s3.ts';

const PART = 5 * 1024 ** 2;
const bytes = randomBytes(2 * PART + 321);
let s3: RunningS3;

beforeAll(async () => {
  s3 = await runS3();
});
afterAll(() => s3.remove());

async function begin(Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> {
  const { UploadId } = await s3.client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key, ...more }));
  return UploadId ?? '';
}

async function part(
  Key: string,
  UploadId: string,
  PartNumber: number,
  Body: Buffer,
  ChecksumAlgorithm?: ChecksumAlgorithm,
) {
  const input = {
    Bucket: BUCKET,
    Key,
    UploadId,
    PartNumber,
    Body,
    ...(ChecksumAlgorithm ? { ChecksumAlgorithm } : {}),
  };
  const { $metadata, ...answer } = await s3.client.send(new UploadPartCommand(input));
  return { PartNumber, ...answer };
}

function complete(
  Key: string,
  UploadId: string,
  Parts: { PartNumber: number; ETag?: string | undefined }[],
  more = {},
) {
  const MultipartUpload = { Parts: Parts as { PartNumber: number; ETag: string }[] };
  return s3.client.send(
    new CompleteMultipartUploadCommand({ Bucket: BUCKET, Key, UploadId, MultipartUpload, ...more }),
  );
}

async function read(Key: string, more = {}): Promise<Buffer> {
  const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key, ...more }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

function dataFiles(): number {
  return readdirSync(join(s3.folder, 's3', BUCKET, 'data')).length;
}

describe('lib-storage', () => {
  it('uploads a stream of unknown length in parts', async () => {
    const Body = Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)]);
    const params = { Bucket: BUCKET, Key: 'stream', Body, ContentType: 'application/gzip', Metadata: { a: '1' } };

    await new Upload({ client: s3.client, params, partSize: PART }).done();

    expect((await read('stream')).equals(bytes)).toBe(true);
    const head = await s3.client.send(
      new HeadObjectCommand({ Bucket: BUCKET, Key: 'stream', ChecksumMode: 'ENABLED' }),
    );
    expect(head).toMatchObject({ ContentType: 'application/gzip', Metadata: { a: '1' }, ChecksumType: 'COMPOSITE' });
    expect(head.ChecksumCRC32).toMatch(/-3$/);
    const md5s = [0, 1, 2].map((i) =>
      createHash('md5')
        .update(bytes.subarray(i * PART, (i + 1) * PART))
        .digest(),
    );
    expect(head.ETag).toBe(`"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-3"`);
  });

  it('leaves nothing behind when it is aborted', async () => {
    const before = dataFiles();
    const Body = new PassThrough();
    const upload = new Upload({ client: s3.client, params: { Bucket: BUCKET, Key: 'aborted', Body }, partSize: PART });
    const done = upload.done();
    Body.write(bytes);
    await expect.poll(dataFiles, { timeout: 15_000 }).toBeGreaterThan(before);

    await upload.abort();
    Body.destroy();

    await expect(done).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(dataFiles, { timeout: 15_000 }).toBe(before);
    await expect(read('aborted')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });
});

describe('a multipart upload', () => {
  it('makes one object of its parts, across which ranges reach', async () => {
    const UploadId = await begin('ranges');
    const parts = [
      await part('ranges', UploadId, 2, bytes.subarray(0, PART)),
      await part('ranges', UploadId, 7, bytes.subarray(PART, PART + 10)),
    ];

    await complete('ranges', UploadId, parts);

    const range = await read('ranges', { Range: `bytes=${PART - 3}-${PART + 4}` });
    expect(range.equals(bytes.subarray(PART - 3, PART + 5))).toBe(true);
    expect((await read('ranges')).length).toBe(PART + 10);
  });

  it('survives a restart', async () => {
    const UploadId = await begin('restarted', { ChecksumAlgorithm: 'SHA256' });
    const first = await part('restarted', UploadId, 1, bytes.subarray(0, PART), 'SHA256');

    s3 = await s3.restart();
    const second = await part('restarted', UploadId, 2, bytes.subarray(PART, PART + 5), 'SHA256');
    const done = await complete('restarted', UploadId, [first, second]);

    expect(done.ChecksumSHA256).toMatch(/-2$/);
    expect((await read('restarted')).equals(bytes.subarray(0, PART + 5))).toBe(true);
  });

  it('takes the last upload of a part number', async () => {
    const UploadId = await begin('again');
    await part('again', UploadId, 1, Buffer.from('old'));
    const second = await part('again', UploadId, 1, Buffer.from('new'));

    await complete('again', UploadId, [second]);

    expect((await read('again')).toString()).toBe('new');
  });

  it('answers a repeated completion as the first', async () => {
    const UploadId = await begin('twice');
    const parts = [await part('twice', UploadId, 1, Buffer.from('x'))];

    const first = await complete('twice', UploadId, parts);
    const second = await complete('twice', UploadId, parts);

    expect(second.ETag).toBe(first.ETag);
  });

  it('has the checksum of the whole where its type is FULL_OBJECT', async () => {
    for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
      const UploadId = await begin('whole', { ChecksumAlgorithm: algorithm, ChecksumType: 'FULL_OBJECT' });
      const parts = [
        await part('whole', UploadId, 1, bytes.subarray(0, PART), algorithm),
        await part('whole', UploadId, 2, bytes.subarray(PART), algorithm),
      ];
      const expected = await checksumOf(algorithm, bytes);

      const wrong = complete('whole', UploadId, parts, {
        [`Checksum${algorithm}`]: 'AAAAAA==',
        ChecksumType: 'FULL_OBJECT',
      });
      await expect(wrong).rejects.toMatchObject({ name: 'BadDigest' });
      const right = await complete('whole', UploadId, parts, { [`Checksum${algorithm}`]: expected });

      expect(right).toMatchObject({ [`Checksum${algorithm}`]: expected, ChecksumType: 'FULL_OBJECT' });
    }
  });

  it('refuses parts that are missing, changed, out of order or too small', async () => {
    const UploadId = await begin('faulty', { ChecksumAlgorithm: 'CRC32' });
    const one = await part('faulty', UploadId, 1, Buffer.from('one'));
    const two = await part('faulty', UploadId, 2, Buffer.from('two'));

    const attempts = [
      [[], 'MalformedXML'],
      [[one, { ...two, PartNumber: 3 }], 'InvalidPart'],
      [[{ ...one, ETag: two.ETag }], 'InvalidPart'],
      [[two, one], 'InvalidPartOrder'],
      [[one, two], 'EntityTooSmall'],
      [[{ PartNumber: 1, ETag: one.ETag }], 'InvalidRequest'],
    ] as const;

    for (const [parts, name] of attempts) {
      await expect(complete('faulty', UploadId, [...parts])).rejects.toMatchObject({ name });
    }
    await expect(read('faulty')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(complete('faulty', 'none', [one])).rejects.toMatchObject({ name: 'NoSuchUpload' });
    await expect(complete('other', UploadId, [one])).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('is completed only where its condition holds', async () => {
    const UploadId = await begin('conditional');
    const parts = [await part('conditional', UploadId, 1, Buffer.from('late'))];
    await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'conditional', Body: 'early' }));

    await expect(complete('conditional', UploadId, parts, { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    await s3.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'conditional' }));
    await complete('conditional', UploadId, parts, { IfNoneMatch: '*' });

    expect((await read('conditional')).toString()).toBe('late');
  });

  it('lists its parts and itself until it ends', async () => {
    const UploadId = await begin('listed', { ChecksumAlgorithm: 'CRC32' });
    for (const number of [3, 1, 2]) await part('listed', UploadId, number, Buffer.from(`part ${number}`));
    const numbersOf = async (more: object) => {
      const input = { Bucket: BUCKET, Key: 'listed', UploadId, ...more };
      const { Parts, IsTruncated } = await s3.client.send(new ListPartsCommand(input));
      return { numbers: Parts?.map(({ PartNumber }) => PartNumber), IsTruncated };
    };
    const uploads = () => s3.client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: 'listed' }));

    expect(await numbersOf({ MaxParts: 2 })).toEqual({ numbers: [1, 2], IsTruncated: true });
    expect(await numbersOf({ PartNumberMarker: '2' })).toEqual({ numbers: [3], IsTruncated: false });
    expect((await uploads()).Uploads).toMatchObject([{ Key: 'listed', UploadId, ChecksumAlgorithm: 'CRC32' }]);
    await s3.client.send(new AbortMultipartUploadCommand({ Bucket: BUCKET, Key: 'listed', UploadId }));
    expect((await uploads()).Uploads).toBeUndefined();
    await expect(numbersOf({})).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('copies a range of another object as a part', async () => {
    await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'origin', Body: '0123456789' }));
    const UploadId = await begin('from-origin');
    const input = { Bucket: BUCKET, Key: 'from-origin', UploadId, PartNumber: 1, CopySource: `${BUCKET}/origin` };

    const { CopyPartResult } = await s3.client.send(
      new UploadPartCopyCommand({ ...input, CopySourceRange: 'bytes=2-5' }),
    );
    await complete('from-origin', UploadId, [{ PartNumber: 1, ...CopyPartResult }]);

    expect((await read('from-origin')).toString()).toBe('2345');
  });

  it('needs no checksum of a client that computes none', async () => {
    const plain = clientOf(s3.gateway, { requestChecksumCalculation: 'WHEN_REQUIRED' });
    const input = { Bucket: BUCKET, Key: 'plain' };
    const { UploadId } = await plain.send(new CreateMultipartUploadCommand(input));
    const one = await plain.send(new UploadPartCommand({ ...input, UploadId, PartNumber: 1, Body: 'plain' }));

    const Parts = [{ PartNumber: 1, ETag: one.ETag }];
    const done = await plain.send(
      new CompleteMultipartUploadCommand({ ...input, UploadId, MultipartUpload: { Parts } }),
    );

    expect(done).toMatchObject({ ChecksumCRC64NVME: await checksumOf('CRC64NVME', Buffer.from('plain')) });
    plain.destroy();
  });
});

describe('the CRC of a whole', () => {
  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('follows from those of its parts: %s', async (algorithm) => {
    const stretch = fc.uint8Array({ maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(fc.array(stretch, { minLength: 1, maxLength: 5 }), async (parts) => {
        const stretches = await Promise.all(
          parts.map(async (part) => ({ checksum: await checksumOf(algorithm, part), size: part.length })),
        );

        expect(combineCrcs(algorithm, stretches)).toBe(await checksumOf(algorithm, Buffer.concat(parts)));
      }),
    );
  });
});
