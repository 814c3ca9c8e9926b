import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ARTIFACTS, artifactKey, CHECKPOINT_INDEX, outputPrefix } from '../../../core/artifact-keys.ts';
import type { DispatchRecord } from '../../../core/dispatch-record.ts';
import type { AttemptRef } from '../../../core/ids.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { WorkerResult } from '../../../core/worker-result.ts';
import { aManifest, SHA256 } from '../records.ts';
import type { AgentEnd } from './life-ecs.ts';
import type { LifeModel } from './life-model.ts';
import type { Turns } from './turns.ts';

/** Begins the attributes of a tenant that say which of its places a sweep doubts. */
const DOUBT = 'doubt:';

export interface LifeTables {
  readonly dispatches: string;
  readonly tenants: string;
  readonly pool: string;
}

/** DynamoDB, a turn for each request; the model sees what is written. */
export function watchedDocuments(
  documents: DynamoDBDocumentClient,
  { turns, model, tables }: { readonly turns: Turns; readonly model: LifeModel; readonly tables: LifeTables },
): DynamoDBDocumentClient {
  const send = (command: { readonly input: { TableName?: string; Item?: unknown } }) =>
    turns.call(`${command.constructor.name} ${command.input.TableName?.slice(0, 16)}`, async () => {
      const answer = await documents.send(command as unknown as Parameters<typeof documents.send>[0]);
      const written = (answer as { Attributes?: unknown }).Attributes ?? command.input.Item;
      if (written !== undefined) watch(command.input.TableName, written);
      return answer;
    });
  const watch = (table: string | undefined, written: unknown) => {
    if (table === tables.dispatches) model.written(written as DispatchRecord);
    if (table === tables.tenants) {
      const { livingAttempts = new Set<string>() } = written as { livingAttempts?: Set<string> };
      const doubts = Object.keys(written as object).filter((attribute) => attribute.startsWith(DOUBT));
      model.placesWritten(
        livingAttempts,
        doubts.map((doubt) => doubt.slice(DOUBT.length)),
      );
    }
  };
  // A paginator of the SDK looks whether its client is one.
  return Object.assign(Object.create(documents) as DynamoDBDocumentClient, { send });
}

/** Specs and artifacts, a turn for each request. */
export class LifeBuckets {
  readonly #objects = new Map<string, unknown>();

  constructor(readonly turns: Turns) {}

  readonly specs = {
    putSpec: async ({ dispatchId }: { readonly dispatchId: string }): Promise<boolean> => {
      const isNew = !this.#objects.has(`spec ${dispatchId}`);
      await this.#put(`spec ${dispatchId}`, {});
      return isNew;
    },
    refreshSpec: (dispatchId: string) =>
      this.turns.call('CopyObject', async () => this.#objects.has(`spec ${dispatchId}`)),
  };

  readonly artifacts = {
    getResult: async (ref: AttemptRef) => this.#document<WorkerResult>(artifactKey(ref, 'result')),
    getManifest: async (ref: AttemptRef) => this.#document<Manifest>(artifactKey(ref, 'manifest')),
    getCheckpoint: async (ref: AttemptRef) => this.#document<Manifest>(`${outputPrefix(ref)}${CHECKPOINT_INDEX}`),
    putManifest: async (ref: AttemptRef, manifest: Manifest): Promise<boolean> => {
      const isNew = !this.#objects.has(artifactKey(ref, 'manifest'));
      if (isNew) await this.#put(artifactKey(ref, 'manifest'), manifest);
      return isNew;
    },
    head: (key: string) =>
      this.turns.call('HeadObject', async () => (this.#objects.has(key) ? { size: 100 } : undefined)),
    presign: async () => 'https://s3.test/',
  };

  /** As a worker does after its agent has ended: the manifest is last. */
  async upload(ref: AttemptRef, { endedBy, exitCode }: AgentEnd, endedAt: string): Promise<void> {
    await this.#put(artifactKey(ref, 'archive'), {});
    await this.#put(artifactKey(ref, 'result'), { version: 1, ...ref, endedBy, exitCode, endedAt });
    const objects = [{ name: ARTIFACTS.archive, size: 100, sha256: SHA256 }];
    await this.#put(artifactKey(ref, 'manifest'), aManifest({ ...ref, createdAt: endedAt, objects }));
  }

  async #put(key: string, content: object): Promise<void> {
    await this.turns.call('PutObject', async () => void this.#objects.set(key, content));
  }

  #document<T>(key: string): Promise<{ readonly valid: true; readonly content: T } | undefined> {
    return this.turns.call('GetObject', async () => {
      const content = this.#objects.get(key);
      return content === undefined ? undefined : { valid: true as const, content: content as T };
    });
  }
}
