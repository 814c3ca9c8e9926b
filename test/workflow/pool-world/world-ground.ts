import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DispatchStore } from '../../../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../../../lambdas/shared/document-client.ts';
import { PoolStore } from '../../../lambdas/shared/pool-store.ts';
import type { TaskCallback } from '../../../lambdas/shared/task-callback.ts';
import { TaskTokens } from '../../../local/stepfunctions/integrations/task-tokens.ts';
import { KeptOutput } from './kept-output.ts';
import { LossyDynamoDb } from './lossy-dynamodb.ts';
import { Points } from './points.ts';
import { SimulatedEcs } from './simulated-ecs.ts';
import { callbackOver } from './token-callback.ts';
import { VirtualClock } from './virtual-clock.ts';
import { WorkerInWorld } from './worker-in-world.ts';

export interface WorldTables {
  readonly database: DynamoDBClient;
  readonly dispatchesTable: string;
  readonly poolTable: string;
}

/** What everything in a world stands on: time, the stores, ECS and the task tokens. */
export class WorldGround {
  readonly clock = new VirtualClock();
  readonly points = new Points();
  readonly output = new KeptOutput();
  readonly dynamoDb: LossyDynamoDb;
  readonly documents: DynamoDBDocumentClient;
  readonly pool: PoolStore;
  readonly dispatches: DispatchStore;
  readonly ecs: SimulatedEcs;
  readonly tokens: TaskTokens;
  /** A worker's and the manager's side of the tokens. */
  readonly callback: TaskCallback;
  /** The ARNs of the executions that were ever started. */
  readonly executionArns = new Set<string>();
  readonly folder = mkdtempSync(join(tmpdir(), 'outpost-pool-world-'));

  /** How often an agent began, by dispatch: what the start fence is for. */
  readonly begun = new Map<string, number>();
  /** What workers and functions said, for whoever looks into a failure. */
  readonly said: string[] = [];
  /** What went wrong where nobody waits for it. */
  readonly faults: unknown[] = [];

  /** Milliseconds that an agent runs for. */
  agentMs = 30_000;
  /** Milliseconds that the workers' clocks are ahead of all others. */
  skewMs = 0;
  /** Whether heartbeats get nowhere. */
  losesHeartbeats = false;

  constructor(readonly tables: WorldTables) {
    const { clock } = this;
    this.dynamoDb = new LossyDynamoDb(tables.database, clock);
    this.documents = documentClient(this.dynamoDb.client);
    this.pool = new PoolStore(this.documents, tables.poolTable);
    this.dispatches = new DispatchStore(this.documents, tables.dispatchesTable);
    this.ecs = new SimulatedEcs(clock, (task) => new WorkerInWorld(this, task).run());
    this.tokens = new TaskTokens(clock, (executionArn) => this.executionArns.has(executionArn));
    this.callback = callbackOver(this.tokens, () => this.losesHeartbeats);
  }

  /** Does what nobody waits for; a test hears where it fails. */
  async watch(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.faults.push(error);
    }
  }

  async close(): Promise<void> {
    await this.ecs.close();
    this.dynamoDb.client.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
