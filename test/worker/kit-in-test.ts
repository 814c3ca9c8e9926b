import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { ulid } from 'ulid';
import { ARTIFACTS, type Artifact } from '../../core/artifact-keys.ts';
import type { DispatchSpec } from '../../core/dispatch-spec.ts';
import { GITHUB_URL } from '../../core/repository.ts';
import { agentUser } from '../../worker/agent/agent-user.ts';
import { shell } from '../../worker/agents/shell.ts';
import type { WorkerKit } from '../../worker/worker-kit.ts';
import { WorkerLog } from '../../worker/worker-log.ts';
import { SHA256, TASK_ARN } from '../lambdas/records.ts';
import { NO_CHECKPOINTS, NO_PROGRAMS, secretsInTest } from './secrets-in-test.ts';

/** By its name the processes of an attempt are known, and killed at its end. */
export const ATTEMPT = { dispatchId: ulid(), attempt: 1 };

export const SPEC: DispatchSpec = {
  version: 1,
  dispatchId: ATTEMPT.dispatchId,
  tenantId: 'acme',
  agent: 'shell',
  task: 'exit 0',
  timeoutSeconds: 60,
};

/** A kit with everything in place, whose collaborators note what was asked of them. */
export function kitIn(folder: string, changes: Partial<WorkerKit> = {}) {
  const uploaded = new Map<Artifact, unknown>();
  const said: string[] = [];
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      said.push(String(chunk));
      done();
    },
  });
  const put = async (artifact: Artifact, content: unknown) => {
    uploaded.set(artifact, content);
    return { name: ARTIFACTS[artifact], size: 0, sha256: SHA256 };
  };
  const kit: WorkerKit = {
    agent: 'shell',
    program: shell,
    workspace: mkdtempSync(join(folder, 'workspace-')),
    user: agentUser(undefined),
    programs: NO_PROGRAMS,
    secrets: secretsInTest(),
    agentVariables: {},
    githubUrl: GITHUB_URL,
    specs: { getSpec: async () => ({ valid: true, content: SPEC }) },
    dispatches: { passFence: async () => true },
    bucketOf: () => ({ ...NO_CHECKPOINTS, put, putJson: put }),
    maxOutputBytes: 1024 ** 3,
    checkpointMs: 60_000,
    log: new WorkerLog(sink),
    stop: new AbortController().signal,
    patienceMs: 0,
    fetchTaskArn: async () => TASK_ARN,
    ...changes,
  };
  return { kit, uploaded, said };
}
