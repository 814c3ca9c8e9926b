import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { artifactKey, specKey } from '../../core/artifact-keys.ts';
import type { DispatchSpec } from '../../core/dispatch-spec.ts';
import { MAX_MANIFEST_BYTES } from '../../core/manifest.ts';
import { ArtifactStore } from '../../lambdas/shared/artifact-store.ts';
import { SpecStore } from '../../lambdas/shared/spec-store.ts';
import { BUCKET, fillBucket, type RunningS3, runS3 } from '../local/s3/running-s3.ts';
import { aManifest, aResult, DISPATCH_ID } from './records.ts';

/** The dispatch of a spec that was written in 1970. */
const OLD = ulid();

let s3: RunningS3;
let store: ArtifactStore;
let specs: SpecStore;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-s3-'));
  fillBucket(folder, [specKey(OLD)]);
  s3 = await runS3({ folder });
  store = new ArtifactStore(s3.client, BUCKET);
  specs = new SpecStore(s3.client, BUCKET);
});
afterAll(() => s3.remove());

const put = (Key: string, Body: string) => s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
const aSpec = (task: string): DispatchSpec => ({
  version: 1,
  dispatchId: ulid(),
  tenantId: 'acme',
  agent: 'shell',
  task,
  timeoutSeconds: 60,
});

it('keeps the first spec of a dispatch, with its task unchanged', async () => {
  const spec = aSpec(`a "quoted" $(task)\n\u{1F680} ${'x'.repeat(49_000)}`);

  const written = [await specs.putSpec(spec), await specs.putSpec({ ...spec, task: 'other' })];

  expect(written).toEqual([true, false]);
  expect(await specs.getSpec(spec.dispatchId)).toEqual({ valid: true, content: spec });
});

it('begins the age of a spec anew and changes nothing of it, and says where there is none', async () => {
  const spec = aSpec('echo hello');
  await specs.putSpec(spec);

  const refreshed = [
    await specs.refreshSpec(spec.dispatchId),
    await specs.refreshSpec(OLD),
    await specs.refreshSpec(ulid()),
  ];

  const old = await s3.client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: specKey(OLD) }));
  expect(refreshed).toEqual([true, true, false]);
  expect(old.LastModified?.getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(old.ContentType).toBe('application/json');
  expect(await specs.getSpec(spec.dispatchId)).toEqual({ valid: true, content: spec });
});

it('takes a missing document for none, and says what is wrong with a broken one', async () => {
  const [broken, wrong] = [ulid(), ulid()];
  await put(specKey(broken), '{"version":');
  await put(specKey(wrong), JSON.stringify({ ...aSpec(''), timeoutSeconds: 'long' }));

  const read = [await specs.getSpec(ulid()), await specs.getSpec(broken), await specs.getSpec(wrong)];

  expect(read).toEqual([
    undefined,
    { valid: false, reason: 'is not JSON' },
    { valid: false, reason: expect.stringContaining('timeoutSeconds') },
  ]);
});

it('reads result, manifest and sizes of an attempt, and of no other', async () => {
  const ref = { dispatchId: DISPATCH_ID, attempt: 1 };
  await put(artifactKey(ref, 'result'), JSON.stringify(aResult()));
  await put(artifactKey(ref, 'manifest'), JSON.stringify(aManifest()));

  const read = [await store.getResult(ref), await store.getManifest(ref), await store.head(artifactKey(ref, 'result'))];
  const other = { dispatchId: DISPATCH_ID, attempt: 2 };

  expect(read).toEqual([
    { valid: true, content: aResult() },
    { valid: true, content: aManifest() },
    { size: JSON.stringify(aResult()).length },
  ]);
  expect([await store.getResult(other), await store.head(artifactKey(other, 'log'))]).toEqual([undefined, undefined]);
});

it('reads no document that its function has no memory for, and says so', async () => {
  const ref = { dispatchId: DISPATCH_ID, attempt: 4 };
  await put(artifactKey(ref, 'manifest'), ' '.repeat(MAX_MANIFEST_BYTES + 1));

  const manifest = await store.getManifest(ref);

  expect(manifest).toEqual({ valid: false, reason: 'has 67108865 bytes, and 67108864 are the most that is read' });
});

it('signs URLs that download an artifact under the name given', async () => {
  const key = artifactKey({ dispatchId: DISPATCH_ID, attempt: 3 }, 'log');
  await put(key, 'hello\n');

  const answer = await fetch(await store.presign(key, 60, 'run "1"/output.log'));

  expect(await answer.text()).toBe('hello\n');
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="run__1__output.log"');
});
