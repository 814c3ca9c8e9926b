import { randomInt } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { documentClient } from '../../lambdas/shared/document-client.ts';
import { WorkspaceStore } from '../../lambdas/shared/workspace-store.ts';
import { type GitServer, type GitServerOptions, git, makeRepository, serveGit } from './git-in-test.ts';
import { openWorker, type RunOptions, type WorkerInTest, type WorkerRun } from './worker-in-test.ts';
import { TABLES } from './worker-surroundings.ts';

/** The image's own user for agents. */
const AGENT_UID = '1001';

export interface WorkspacesInTest {
  readonly worker: WorkerInTest;
  readonly store: WorkspaceStore;
  /** Where the file system is. */
  readonly folder: string;
  /** The tenant's folder of a workspace. */
  workspace(id: string, tenantId?: string): string;
  /** Makes the repository `acme/<name>` with one commit. Returns its folder. */
  repository(name: string, files: Readonly<Record<string, string>>): string;
  serve(options?: GitServerOptions): Promise<GitServer>;
  /** A dispatch with a persistent workspace. */
  run(server: GitServer, repo: string, task: string, options?: RunOptions): Promise<WorkerRun>;
  close(): Promise<void>;
}

/** Workers with a file system for workspaces; where the runner is root, agents have users of their own. */
export async function openWorkspaces(): Promise<WorkspacesInTest> {
  const worker = await openWorker();
  const remotes = join(worker.folder, 'remotes');
  const folder = join(worker.folder, 'file-system');
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  const servers: GitServer[] = [];
  const { s3 } = worker;
  const { endpoint, region, credentials } = s3.config;
  const dynamoDb = new DynamoDBClient({
    region: await region(),
    endpoint: await endpointOf(endpoint),
    credentials: await credentials(),
  });
  const documents = documentClient(dynamoDb);
  await drawUsersFrom(documents, randomInt(1_000_000_000));
  const asAgent = process.getuid?.() === 0 ? { AGENT_UID } : {};
  const common = { WORKSPACES_DIR: folder, WORKSPACES_TABLE: TABLES.workspaces, ...asAgent };
  return {
    worker,
    store: new WorkspaceStore(documents, TABLES.workspaces),
    folder,
    workspace: (id, tenantId = 'acme') => join(folder, 'users', tenantId, 'workspaces', id),
    repository: (name, files) => {
      const path = join(remotes, 'acme', `${name}.git`);
      makeRepository(path, files);
      git(path, 'config', 'receive.denyCurrentBranch', 'ignore');
      return path;
    },
    serve: async (options) => {
      const server = await serveGit(remotes, options);
      servers.push(server);
      return server;
    },
    run: ({ url }, repo, task, { spec, record, environment, ...options } = {}) =>
      worker.run(task, {
        ...options,
        spec: { repo, workspaceMode: 'persistent', ...spec },
        record: { repo, workspaceMode: 'persistent', ...record },
        environment: { GITHUB_URL: url, ...common, ...environment },
      }),
    close: async () => {
      dynamoDb.destroy();
      await Promise.all(servers.map((server) => server.close()));
      await worker.close();
    },
  };
}

/** Other tests run at the same time: on one machine, agents of one user would end with each other. */
async function drawUsersFrom(documents: DynamoDBDocumentClient, drawn: number): Promise<void> {
  const Item = { userId: '#uids', workspaceId: '#next', drawn };
  await documents.send(new PutCommand({ TableName: TABLES.workspaces, Item }));
}

type Endpoint = { protocol: string; hostname: string; port?: number | undefined };

async function endpointOf(given: unknown): Promise<string> {
  const { protocol, hostname, port } = await (given as () => Promise<Endpoint>)();
  return `${protocol}//${hostname}:${port}`;
}
