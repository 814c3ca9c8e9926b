import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import type { AwsService, LocalAws, TemplateResource } from '../../../local/aws-service.ts';
import { type Gateway, startGateway } from '../../../local/gateway/gateway.ts';
import { BucketLog } from '../../../local/s3/bucket-log.ts';
import { createS3 } from '../../../local/s3/s3-service.ts';

export const BUCKET = 'outpost-artifacts';
export const ROLE = 'arn:aws:iam::000000000000:role/outpost-worker';

export interface RunningS3 {
  readonly gateway: Gateway;
  readonly service: AwsService;
  readonly client: S3Client;
  readonly folder: string;
  readonly log: readonly string[];
  /** Stops, and starts again on the same folder. */
  restart(): Promise<RunningS3>;
  /** Stops, and removes the folder. */
  remove(): Promise<void>;
}

/** A gateway and S3 with one bucket, in a folder of their own. */
export async function runS3(options: { folder?: string; port?: number; now?: () => number } = {}): Promise<RunningS3> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'outpost-s3-'));
  const log: string[] = [];
  const gateway = await startGateway({
    secretFile: join(folder, 'gateway-secret'),
    log: (line) => log.push(line),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.now ? { now: options.now } : {}),
  });
  const service = await createS3(localAws(folder, gateway, log));
  gateway.register(service);
  await service.resources['AWS::S3::Bucket']?.(bucketResource({ BucketName: BUCKET }));
  const client = clientOf(gateway);
  const stop = async () => {
    client.destroy();
    await gateway.close();
    await service.close();
  };
  return {
    gateway,
    service,
    client,
    folder,
    log,
    restart: async () => {
      await stop();
      return runS3({ ...options, folder });
    },
    remove: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Gives the bucket of a folder empty objects before it is first opened: faster than as many PUTs. */
export function fillBucket(folder: string, keys: readonly string[]): void {
  const path = join(folder, 's3', BUCKET);
  mkdirSync(path, { recursive: true });
  const log = BucketLog.open(join(path, 'index.jsonl'), () => {});
  const empty = { files: [], size: 0, etag: 'd41d8cd98f00b204e9800998ecf8427e', modified: 0, headers: {} };
  for (const key of keys) log.append({ op: 'put', object: { key, ...empty } });
  log.close();
}

export function clientOf(gateway: Gateway, config: ConstructorParameters<typeof S3Client>[0] = {}): S3Client {
  const credentials = gateway.credentials(ROLE, 'test');
  return new S3Client({ endpoint: gateway.endpoint, region: 'us-east-1', credentials, maxAttempts: 1, ...config });
}

export function bucketResource(properties: Record<string, unknown>): TemplateResource {
  return { logicalId: 'Artifacts', type: 'AWS::S3::Bucket', properties };
}

function localAws(folder: string, gateway: Gateway, log: string[]): LocalAws {
  return {
    region: 'us-east-1',
    accountId: '000000000000',
    folder: (service) => {
      const path = join(folder, service);
      mkdirSync(path, { recursive: true });
      return path;
    },
    endpoint: () => gateway.endpoint,
    credentials: (roleArn, sessionName) => gateway.credentials(roleArn, sessionName),
    publish: () => {},
    onEvent: () => () => {},
    log: (line) => log.push(line),
  };
}
