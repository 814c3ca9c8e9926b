import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareUtf8, SortedMap } from '../../../local/s3/sorted-map.ts';
import { BUCKET, fillBucket, type RunningS3, runS3 } from './running-s3.ts';

const MANY = 1_234;
let s3: RunningS3;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-s3-'));
  fillBucket(
    folder,
    Array.from({ length: MANY }, (_, i) => `many/${String(i).padStart(5, '0')}`),
  );
  s3 = await runS3({ folder });
  const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'd', 'weird/\u0001 <&>', 'weird/😀', 'weird/\ue000'];
  for (const Key of keys) await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Key }));
});
afterAll(() => s3.remove());

function list(input: Partial<ListObjectsV2CommandInput>) {
  return s3.client.send(new ListObjectsV2Command({ Bucket: BUCKET, ...input }));
}

async function everyPage(input: Partial<ListObjectsV2CommandInput>): Promise<{ keys: string[]; pages: number[] }> {
  const keys: string[] = [];
  const pages: number[] = [];
  for await (const page of paginateListObjectsV2({ client: s3.client }, { Bucket: BUCKET, ...input })) {
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
    keys.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''));
    pages.push(page.KeyCount ?? 0);
  }
  return { keys, pages };
}

describe('a list of objects', () => {
  it('comes in pages of 1,000, each key once, in order', async () => {
    const { keys, pages } = await everyPage({ Prefix: 'many/' });

    expect(pages).toEqual([1000, MANY - 1000]);
    expect(keys).toEqual([...new Set(keys)].sort());
  });

  it('tells of each object what a HEAD would', async () => {
    const { Contents } = await list({ Prefix: 'a' });

    const entry = { Key: 'a', Size: 1, ETag: '"0cc175b9c0f1b6a831c399e269772661"', StorageClass: 'STANDARD' };
    expect(Contents).toMatchObject([{ ...entry, ChecksumAlgorithm: ['CRC32'], LastModified: expect.any(Date) }]);
  });

  it('rolls keys up at the delimiter, within the prefix', async () => {
    const top = await list({ Delimiter: '/' });
    const below = await list({ Delimiter: '/', Prefix: 'b/' });

    expect(top.Contents?.map(({ Key }) => Key)).toEqual(['a', 'd']);
    expect(top.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['b/', 'many/', 'weird/']);
    expect(below.Contents?.map(({ Key }) => Key)).toEqual(['b/1', 'b/2']);
    expect(below.CommonPrefixes).toEqual([{ Prefix: 'b/c/' }]);
  });

  it.each([1, 2, 3])('neither repeats nor loses a rolled-up prefix in pages of %i', async (MaxKeys) => {
    const { keys } = await everyPage({ Delimiter: '/', MaxKeys });

    expect(keys.sort()).toEqual(['a', 'b/', 'd', 'many/', 'weird/']);
  });

  it('begins behind a key that need not be there', async () => {
    const { Contents, StartAfter } = await list({ StartAfter: 'b/11', MaxKeys: 2 });

    expect(Contents?.map(({ Key }) => Key)).toEqual(['b/2', 'b/c/3']);
    expect(StartAfter).toBe('b/11');
  });

  it('orders keys by their UTF-8 bytes, and carries any of them', async () => {
    const plain = await list({ Prefix: 'weird/' });
    const encoded = await list({ Prefix: 'weird/', EncodingType: 'url' });

    const keys = ['weird/\u0001 <&>', 'weird/\ue000', 'weird/😀'];
    expect(plain.Contents?.map(({ Key }) => Key)).toEqual(keys);
    expect(encoded.Contents?.map(({ Key }) => decodeURIComponent(Key ?? ''))).toEqual(keys);
  });

  it('may be empty, or asked for nothing', async () => {
    expect(await list({ Prefix: 'nothing' })).toMatchObject({ KeyCount: 0, IsTruncated: false });
    expect(await list({ MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false, MaxKeys: 0 });
  });

  it('refuses a token that it did not give', async () => {
    await expect(list({ ContinuationToken: '!' })).rejects.toMatchObject({ name: 'InvalidArgument' });
  });

  it('in its first version goes on from a marker', async () => {
    const first = await s3.client.send(new ListObjectsCommand({ Bucket: BUCKET, Delimiter: '/', MaxKeys: 2 }));
    const Marker = first.NextMarker;
    const second = await s3.client.send(new ListObjectsCommand({ Bucket: BUCKET, Delimiter: '/', MaxKeys: 2, Marker }));

    expect(Marker).toBe('b/');
    expect(second.Contents?.map(({ Key }) => Key)).toEqual(['d']);
    expect(second.CommonPrefixes).toEqual([{ Prefix: 'many/' }]);
  });
});

describe('the sorted index', () => {
  it('orders any text as its UTF-8 bytes are ordered', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('holds what a map holds, in order, whatever is set and deleted', () => {
    const step = fc.tuple(fc.boolean(), fc.string({ unit: fc.constantFrom('a', 'b', '/', '😀'), maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const sorted = new SortedMap<string>();
        const plain = new Map<string, string>();
        for (const [adds, key] of steps) {
          if (adds) sorted.set(key, key);
          else sorted.delete(key);
          if (adds) plain.set(key, key);
          else plain.delete(key);
        }

        expect([...sorted.all()]).toEqual([...plain.keys()].sort(compareUtf8));
        expect(sorted.size).toBe(plain.size);
      }),
    );
  });
});
