import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { ARTIFACTS, type Artifact } from '../../core/artifact-keys.ts';
import type { ManifestObject } from '../../core/manifest.ts';
import { CappedLog } from '../../worker/agent/capped-log.ts';
import type { ListedFiles } from '../../worker/pack/child-output.ts';
import { ManifestExistsError, type OutputBucket } from '../../worker/upload/attempt-bucket.ts';
import { type AttemptOutput, uploadOutput } from '../../worker/upload/upload-output.ts';
import { WorkerLog } from '../../worker/worker-log.ts';
import { aResult, SHA256 } from '../lambdas/records.ts';

const folder = mkdtempSync(join(tmpdir(), 'outpost-upload-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FILE = { path: 'file', type: 'file', size: 1, sha256: SHA256 } as const;

/** A bucket that refuses an artifact so many times before it takes it. */
class StubbornBucket implements Pick<OutputBucket, 'put' | 'putJson'> {
  readonly taken: Artifact[] = [];

  constructor(private readonly refusals: Partial<Record<Artifact, number>>) {}

  async put(artifact: Artifact, source: AsyncIterable<Buffer>): Promise<ManifestObject> {
    let size = 0;
    for await (const chunk of source) size += chunk.length;
    const left = this.refusals[artifact] ?? 0;
    this.refusals[artifact] = left - 1;
    if (left > 0) throw new Error(`no room for ${artifact}`);
    this.taken.push(artifact);
    return { name: ARTIFACTS[artifact], size, sha256: SHA256 };
  }

  async putJson(artifact: Artifact, document: unknown): Promise<ManifestObject> {
    const bytes = [Buffer.from(JSON.stringify(document))];
    return this.put(
      artifact,
      (async function* () {
        yield* bytes;
      })(),
    );
  }
}

async function attemptOutput(bucket: AttemptOutput['bucket']): Promise<AttemptOutput> {
  const output = await CappedLog.create(join(mkdtempSync(join(folder, 'run-')), 'output.log'));
  await output.close();
  return {
    bucket,
    output,
    async *packWorkspace(): AsyncGenerator<Buffer, ListedFiles> {
      yield Buffer.from('archive');
      return { files: [FILE], skipped: [] };
    },
    result: aResult(),
    log: new WorkerLog(new Writable({ write: (_chunk, _encoding, done) => done() })),
    pauses: [0, 0],
  };
}

describe('the upload', () => {
  it('writes the manifest last, and names in it all the rest', async () => {
    const bucket = new StubbornBucket({});

    const { manifest } = await uploadOutput(await attemptOutput(bucket));

    expect(bucket.taken.at(-1)).toBe('manifest');
    expect([...bucket.taken].sort()).toEqual(['archive', 'log', 'manifest', 'result']);
    expect(manifest.files).toEqual([FILE]);
    expect(manifest.objects.map(({ name }) => name)).toEqual(['workspace.tar.gz', 'output.log', 'result.json']);
  });

  it.each(['archive', 'log', 'result', 'manifest'] as const)('tries %s three times', async (artifact) => {
    const bucket = new StubbornBucket({ [artifact]: 2 });

    await uploadOutput(await attemptOutput(bucket));

    expect([...bucket.taken].sort()).toEqual(['archive', 'log', 'manifest', 'result']);
  });

  it('saves log and result where the archive cannot be, and writes no manifest', async () => {
    const bucket = new StubbornBucket({ archive: 3 });

    const uploaded = uploadOutput(await attemptOutput(bucket));

    await expect(uploaded).rejects.toThrow('no room for archive');
    expect([...bucket.taken].sort()).toEqual(['log', 'result']);
  });

  it('has the patch beside the archive, and in the manifest what is not in it', async () => {
    const bucket = new StubbornBucket({ patch: 2 });
    const skipped = [{ path: 'huge', reason: 'is not in changes.patch: it is too large' }];
    const makePatch = patchThat(async () => skipped);

    const { manifest } = await uploadOutput({ ...(await attemptOutput(bucket)), makePatch });

    expect(manifest.objects.map(({ name }) => name)).toContain('changes.patch');
    expect(manifest.skipped).toEqual(skipped);
  });

  it('says once what archive and patch both have to say', async () => {
    const skipped = [{ path: '.outpostignore', reason: 'is not followed: it cannot be read as a file' }];
    const attempt = await attemptOutput(new StubbornBucket({}));
    const packWorkspace = async function* (): AsyncGenerator<Buffer, ListedFiles> {
      yield Buffer.from('archive');
      return { files: [FILE], skipped };
    };

    const { manifest } = await uploadOutput({
      ...attempt,
      packWorkspace,
      makePatch: patchThat(async () => [...skipped]),
    });

    expect(manifest.skipped).toEqual(skipped);
  });

  it('leaves out a patch that cannot be made, and tries that once', async () => {
    const bucket = new StubbornBucket({});
    let tries = 0;
    const makePatch = patchThat(async () => {
      tries += 1;
      throw new Error('changes.patch was not ready within 60 seconds.');
    });

    const { manifest } = await uploadOutput({ ...(await attemptOutput(bucket)), makePatch });

    expect({ tries, taken: [...bucket.taken].sort() }).toEqual({
      tries: 1,
      taken: ['archive', 'log', 'manifest', 'result'],
    });
    expect(manifest.skipped).toEqual([{ path: '.', reason: expect.stringContaining('not ready within 60 seconds') }]);
  });

  it('leaves the manifest as it is where there is one, and does not try again', async () => {
    const bucket = new StubbornBucket({});
    let tries = 0;
    const refusing = {
      put: (artifact: Artifact, source: AsyncIterable<Buffer>) => {
        if (artifact !== 'manifest') return bucket.put(artifact, source);
        tries += 1;
        throw new ManifestExistsError();
      },
      putJson: (artifact: Artifact, document: unknown) => bucket.putJson(artifact, document),
    };

    const { isPresented } = await uploadOutput(await attemptOutput(refusing));

    expect({ isPresented, tries }).toEqual({ isPresented: false, tries: 1 });
    expect([...bucket.taken].sort()).toEqual(['archive', 'log', 'result']);
  });

  it('writes no manifest where S3 does not take the patch', async () => {
    const bucket = new StubbornBucket({ patch: 3 });

    const uploaded = uploadOutput({ ...(await attemptOutput(bucket)), makePatch: patchThat(async () => []) });

    await expect(uploaded).rejects.toThrow('no room for patch');
    expect([...bucket.taken].sort()).toEqual(['archive', 'log', 'result']);
  });
});

function patchThat(ends: () => Promise<ListedFiles['skipped']>): NonNullable<AttemptOutput['makePatch']> {
  return async function* () {
    yield Buffer.from('diff');
    return await ends();
  };
}
