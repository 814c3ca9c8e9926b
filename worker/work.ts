import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { WORKER_EXIT } from '../core/exit-codes.ts';
import { ArtifactStore } from '../lambdas/shared/artifact-store.ts';
import { DispatchStore } from '../lambdas/shared/dispatch-store.ts';
import { documentClient } from '../lambdas/shared/document-client.ts';
import { agentUser } from './agent/agent-user.ts';
import { fetchTaskArn } from './ecs-metadata.ts';
import { type AttemptWork, runAttempt } from './run-attempt.ts';
import { listenForStop } from './stop-request.ts';
import { AttemptBucket } from './upload/attempt-bucket.ts';
import type { PackerProgram } from './upload/packed-workspace.ts';
import { readWorkerEnvironment, type WorkerEnvironment } from './worker-environment.ts';
import { WorkerLog } from './worker-log.ts';

/** Without limits of time, a connection that hangs would hold the upload for ever. */
const CONNECTION = { connectionTimeout: 5_000, socketTimeout: 60_000 };
const MAX_ATTEMPTS = 5;

/** The worker's whole life: does its one attempt as its environment says. Resolves to the exit code. */
export async function work(): Promise<number> {
  const log = new WorkerLog();
  const stop = listenForStop(log);
  const exitCode = await workAs(log, stop);
  await log.flush();
  return exitCode;
}

async function workAs(log: WorkerLog, stop: AbortSignal): Promise<number> {
  try {
    return await runAttempt(attemptWork(readWorkerEnvironment(process.env), log, stop));
  } catch (error) {
    log.say(error instanceof Error ? error.message : String(error));
    return WORKER_EXIT.badSpec;
  }
}

function attemptWork(environment: WorkerEnvironment, log: WorkerLog, stop: AbortSignal): AttemptWork {
  const { DISPATCH_ID, ATTEMPT, ARTIFACTS_BUCKET, CONTEXT_BUCKET } = environment;
  const attempt = { dispatchId: DISPATCH_ID, attempt: ATTEMPT };
  const s3 = new S3Client({ maxAttempts: MAX_ATTEMPTS, requestHandler: CONNECTION });
  const dynamoDb = new DynamoDBClient({ maxAttempts: MAX_ATTEMPTS, requestHandler: CONNECTION });
  return {
    attempt,
    agent: environment.AGENT,
    workspace: environment.WORKSPACE_DIR,
    user: agentUser(environment.AGENT_UID),
    packer: thisProgram('pack'),
    specs: new ArtifactStore(s3, { artifacts: ARTIFACTS_BUCKET, context: CONTEXT_BUCKET }),
    dispatches: new DispatchStore(documentClient(dynamoDb), environment.DISPATCHES_TABLE),
    bucket: new AttemptBucket(s3, ARTIFACTS_BUCKET, attempt),
    log,
    stop,
    fetchTaskArn: () => fetchTaskArn(environment.ECS_CONTAINER_METADATA_URI_V4),
  };
}

/** How this very program is started in another mode, loaders included. */
function thisProgram(mode: string): PackerProgram {
  const [, script = ''] = process.argv;
  return { file: process.execPath, args: [...process.execArgv, script, mode] };
}
