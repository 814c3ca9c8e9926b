import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { extract } from 'tar-stream';
import { isArchive, outputPrefix } from '../../../core/artifact-keys.ts';
import { type AttemptRef, attemptName } from '../../../core/ids.ts';
import { Manifest, type ManifestFile } from '../../../core/manifest.ts';
import type { EmbeddedProcess } from '../killable-aws.ts';

/** An attempt's output, downloaded and held against its manifest. */
export interface VerifiedOutput {
  /** What is not as the manifest says, or that there is none. */
  readonly faults: readonly string[];
  /** SHA-256 of what the archive really holds, by path. */
  readonly files: ReadonlyMap<string, string>;
}

/** The outputs of these attempts, by `<dispatchId>-<attempt>`. */
export async function verifyOutputs(
  { operator, outputs }: EmbeddedProcess,
  attempts: readonly AttemptRef[],
): Promise<Map<string, VerifiedOutput>> {
  const client = new S3Client(operator);
  const bucket = outputs['ArtifactsBucket'] ?? '';
  const verified = new Map<string, VerifiedOutput>();
  for (const attempt of attempts) verified.set(attemptName(attempt), await verify(client, bucket, attempt));
  client.destroy();
  return verified;
}

async function verify(client: S3Client, bucket: string, attempt: AttemptRef): Promise<VerifiedOutput> {
  const get = (name: string) => download(client, bucket, `${outputPrefix(attempt)}${name}`);
  const bytes = await get('manifest.json');
  if (!bytes) return { faults: ['there is no manifest'], files: new Map() };
  const manifest = Manifest.parse(JSON.parse(bytes.toString('utf8')));
  const faults: string[] = [];
  const files = new Map<string, string>();
  for (const { name, size, sha256 } of manifest.objects) {
    const object = await get(name);
    if (!object) faults.push(`${name} is not there`);
    else if (object.length !== size || sha256Of(object) !== sha256)
      faults.push(`${name} is not what the manifest says`);
    // Those of a checkpoint come one after the other, later files over earlier ones.
    if (object && isArchive(name)) for (const [path, hash] of await filesIn(object)) files.set(path, hash);
  }
  for (const { path } of manifest.checkpoint?.removed ?? []) files.delete(path);
  return { faults: [...faults, ...differences(manifest.files, files)], files };
}

function differences(listed: readonly ManifestFile[], files: ReadonlyMap<string, string>): string[] {
  const wanted = listed.filter(({ type }) => type === 'file');
  const wrong = wanted.filter(({ path, sha256 }) => files.get(path) !== sha256).map(({ path }) => `${path} differs`);
  const paths = new Set(wanted.map(({ path }) => path));
  return [...wrong, ...[...files.keys()].filter((path) => !paths.has(path)).map((path) => `${path} is not listed`)];
}

async function filesIn(archive: Buffer): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const unpacking = Readable.from([archive]).pipe(createGunzip()).pipe(extract());
  for await (const entry of unpacking) {
    const hash = createHash('sha256');
    for await (const chunk of entry) hash.update(chunk as Buffer);
    if (entry.header.type === 'file') files.set(entry.header.name.replace(/^\.\//, ''), hash.digest('hex'));
  }
  return files;
}

async function download(client: S3Client, Bucket: string, Key: string): Promise<Buffer | undefined> {
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
