import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { WORKER_EXIT } from '../core/exit-codes.ts';
import { DispatchStore } from '../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../lambdas/shared/document-client.ts';
import { InvalidEnvironmentError } from '../lambdas/shared/env.ts';
import { PoolStore } from '../lambdas/shared/pool-store.ts';
import { SpecStore } from '../lambdas/shared/spec-store.ts';
import { stepFunctionsCallback } from '../lambdas/shared/task-callback.ts';
import { WorkspaceStore } from '../lambdas/shared/workspace-store.ts';
import { type AgentUser, agentUser } from './agent/agent-user.ts';
import { AGENT_PROGRAMS } from './agents/agent-programs.ts';
import { fetchTaskArn } from './ecs-metadata.ts';
import { wordsOf } from './error-words.ts';
import type { ChildProgram } from './pack/running-child.ts';
import { leaseTimes } from './persistent/workspace-lease.ts';
import type { WorkspacesKit } from './persistent/workspaces-kit.ts';
import { forbidCoreDumps } from './processes/core-dumps.ts';
import { runCold } from './run-cold.ts';
import { SecretsManagerSource } from './secrets/secrets-manager-source.ts';
import { listenForStop } from './stop-request.ts';
import { AttemptBucket } from './upload/attempt-bucket.ts';
import { uploadClient } from './upload/upload-client.ts';
import { serveSlot } from './warm/serve-slot.ts';
import { slotWork } from './warm/slot-work.ts';
import { readWorkerEnvironment, type WorkerEnvironment } from './worker-environment.ts';
import type { WorkerKit, WorkspaceMode } from './worker-kit.ts';
import { WorkerLog } from './worker-log.ts';

/** Without limits of time, a connection that hangs would hold the upload for ever. */
const FOR_FILES = { connectionTimeout: 5_000, socketTimeout: 60_000 };
/** What is small is answered in milliseconds: a heartbeat or a look at the slot must not wait for a lost answer. */
const FOR_FACTS = { connectionTimeout: 2_000, socketTimeout: 5_000 };
const MAX_ATTEMPTS = 5;

/** The worker's whole life, as its environment says. Resolves to the exit code. */
export async function work(): Promise<number> {
  const log = new WorkerLog();
  const stop = listenForStop(log);
  const exitCode = await workAs(log, stop);
  await log.flush();
  return exitCode;
}

async function workAs(log: WorkerLog, stop: AbortSignal): Promise<number> {
  try {
    return await workBy(readWorkerEnvironment(process.env), log, stop);
  } catch (error) {
    log.say(wordsOf(error));
    return error instanceof InvalidEnvironmentError ? WORKER_EXIT.badSpec : 1;
  }
}

async function workBy(environment: WorkerEnvironment, log: WorkerLog, stop: AbortSignal): Promise<number> {
  await forbidCoreDumps().catch((error) => log.say(`Core dumps cannot be forbidden: ${wordsOf(error)}`));
  const clients = makeClients();
  const kit = workerKit(environment, clients, log, stop);
  if (kit.user.identity.uid === undefined) log.say(runsAsOurselves(kit.user));
  if ('DISPATCH_ID' in environment) {
    return runCold(kit, { dispatchId: environment.DISPATCH_ID, attempt: environment.ATTEMPT });
  }
  const pool = new PoolStore(clients.documents, environment.POOL_TABLE);
  const callback = stepFunctionsCallback(clients.stepFunctions);
  const records = new DispatchStore(clients.documents, environment.DISPATCHES_TABLE);
  return serveSlot(slotWork(kit, { slotId: environment.SLOT_ID, pool, callback, records }));
}

/** As on a laptop. In the images the agent has a user of its own. */
function runsAsOurselves({ name }: AgentUser): string {
  return `The agent runs as the worker's own user, ${name}: it can read and change whatever that user can.`;
}

type Clients = ReturnType<typeof makeClients>;

function makeClients() {
  const dynamoDb = new DynamoDBClient({ maxAttempts: MAX_ATTEMPTS, requestHandler: FOR_FACTS });
  // One client's credentials for all: while a slot waits, its looks at the pool's table keep them fresh.
  const { credentials } = dynamoDb.config;
  return {
    documents: documentClient(dynamoDb),
    secretsManager: new SecretsManagerClient({ credentials, maxAttempts: MAX_ATTEMPTS, requestHandler: FOR_FACTS }),
    s3: uploadClient({ credentials, maxAttempts: MAX_ATTEMPTS, requestHandler: FOR_FILES }),
    stepFunctions: new SFNClient({ credentials, maxAttempts: MAX_ATTEMPTS, requestHandler: FOR_FACTS }),
  };
}

function workerKit(
  environment: WorkerEnvironment,
  { s3, documents, secretsManager }: Clients,
  log: WorkerLog,
  stop: AbortSignal,
): WorkerKit {
  const { AGENT, AGENT_ENV, ARTIFACTS_BUCKET, CONTEXT_BUCKET, SECRETS_FOLDER } = environment;
  const say = (line: string) => log.say(line);
  const dispatches = new DispatchStore(documents, environment.DISPATCHES_TABLE);
  return {
    agent: AGENT,
    program: AGENT_PROGRAMS[AGENT],
    workspace: environment.WORKSPACE_DIR,
    user: agentUser(environment.AGENT_UID),
    programs: {
      pack: thisProgram('pack'),
      checkpoint: thisProgram('checkpoint'),
      patch: thisProgram('patch'),
      context: thisProgram('context'),
      workspace: thisProgram('workspace'),
    },
    secrets: new SecretsManagerSource({ client: secretsManager, folder: SECRETS_FOLDER, settings: AGENT_ENV, say }),
    agentVariables: AGENT_ENV,
    githubUrl: environment.GITHUB_URL,
    specs: new SpecStore(s3, CONTEXT_BUCKET),
    dispatches,
    workspaces: workspacesKit(environment, documents, dispatches),
    bucketOf: (attempt) => new AttemptBucket(s3, ARTIFACTS_BUCKET, attempt),
    maxOutputBytes: Math.round(environment.MAX_OUTPUT_GIB * 1024 ** 3),
    checkpointMs: environment.CHECKPOINT_SECONDS * 1000,
    log,
    stop,
    fetchTaskArn: () => fetchTaskArn(environment.ECS_CONTAINER_METADATA_URI_V4, { stop }),
  };
}

/** Both of the variables that say where they are, or no workspaces. */
function workspacesKit(
  environment: WorkerEnvironment,
  documents: DynamoDBDocumentClient,
  dispatches: DispatchStore,
): WorkspacesKit | undefined {
  const { WORKSPACES_DIR: folder, WORKSPACES_TABLE: table, WORKSPACE_LEASE_SECONDS, PASSWD_FILE } = environment;
  if (folder === undefined || table === undefined) return undefined;
  return {
    store: new WorkspaceStore(documents, table),
    folder,
    times: leaseTimes(WORKSPACE_LEASE_SECONDS * 1000),
    passwdFile: PASSWD_FILE,
    noteWaiting: async (attempt, waitingFor) => {
      await dispatches.noteWaiting(attempt, waitingFor, new Date().toISOString());
    },
  };
}

/** How this very program is started in another mode, loaders included. */
function thisProgram(mode: WorkspaceMode): ChildProgram {
  const [, script = ''] = process.argv;
  return { file: process.execPath, args: [...process.execArgv, script, mode] };
}
