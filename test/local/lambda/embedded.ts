import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { AwsEvent, AwsService, LocalAws, ResourceValues } from '../../../local/aws-service.ts';
import { DefaultBus } from '../../../local/events/default-bus.ts';
import { type Gateway, startGateway } from '../../../local/gateway/gateway.ts';

/** A gateway with some services behind it, in a folder of its own. */
export interface Embedded {
  readonly aws: LocalAws;
  readonly folder: string;
  readonly lines: string[];
  readonly events: AwsEvent[];
  readonly gateway: Gateway;
  add(service: AwsService): AwsService;
  create(service: AwsService, type: string, logicalId: string, properties: object): Promise<ResourceValues>;
  /** Ends the services and the gateway; the folder stays. */
  stop(): Promise<void>;
  /** Ends everything and removes the folder. */
  destroy(): Promise<void>;
}

export async function startEmbedded(folder = mkdtempSync(join(tmpdir(), 'outpost-test-'))): Promise<Embedded> {
  const gateway = await startGateway({ secretFile: join(folder, 'secret') });
  const services: AwsService[] = [];
  const lines: string[] = [];
  const events: AwsEvent[] = [];
  const log = (line: string) => void lines.push(line);
  const bus = new DefaultBus({ region: 'us-east-1', accountId: '000000000000', log });
  bus.onEvent((event) => events.push(event));
  const aws: LocalAws = {
    region: 'us-east-1',
    accountId: '000000000000',
    folder: (service) => {
      mkdirSync(join(folder, service), { recursive: true });
      return join(folder, service);
    },
    endpoint: () => gateway.endpoint,
    credentials: (roleArn, sessionName) => gateway.credentials(roleArn, sessionName),
    publish: (event) => bus.publish(event),
    onEvent: (listener) => bus.onEvent(listener),
    log,
  };
  const stop = async () => {
    for (const service of services.reverse()) await service.close();
    await gateway.close();
  };
  return {
    aws,
    folder,
    lines,
    events,
    gateway,
    add: (service) => {
      gateway.register(service);
      services.push(service);
      return service;
    },
    create: async (service, type, logicalId, properties) => {
      const create = service.resources[type];
      if (!create) throw new Error(`${service.signingName} does not create ${type}`);
      return create({ logicalId, type, properties: properties as Record<string, unknown> });
    },
    stop,
    destroy: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes the code of a function; returns its folder. */
export function writeCode(folder: string, name: string, source: string): string {
  const directory = join(folder, 'code', name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'index.mjs'), source);
  return directory;
}

/** Properties of a function whose S3Key is the folder of its code. */
export function functionProperties(directory: string, more: object = {}) {
  return {
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Code: { S3Bucket: 'assets', S3Key: directory },
    Role: 'arn:aws:iam::000000000000:role/function-role',
    ...more,
  };
}

/** Waits until an expectation holds: soon on an idle machine, later on a busy one. */
export function eventually(expectation: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(expectation, { timeout: 15_000, interval: 20 });
}

/** Waits until each event so far has been taken to its functions, and these are done with it: more is not to come. */
export async function settled({ folder }: Embedded): Promise<void> {
  for (const queue of [join('events', 'deliveries'), join('lambda', 'queue')]) {
    await eventually(() => expect(readdirSync(join(folder, queue))).toEqual([]));
  }
}
