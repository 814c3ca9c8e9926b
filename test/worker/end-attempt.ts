import type { Outcome } from '../../core/outcome.ts';
import type { RecordedOutcome } from '../../core/workflow.ts';
import { ArtifactStore } from '../../lambdas/shared/artifact-store.ts';
import { collectOutput } from '../../lambdas/shared/collect-output.ts';
import { mapStop } from '../../lambdas/shared/map-stop.ts';
import { recordOutcome } from '../../lambdas/shared/record-outcome.ts';
import { TASK_ARN } from '../lambdas/records.ts';
import type { WorkerInTest, WorkerRun } from './worker-in-test.ts';
import { BUCKETS } from './worker-surroundings.ts';

export interface EndedAttempt {
  readonly outcome: Outcome;
  readonly recorded: RecordedOutcome;
}

/** What the state machine does when ECS says that the task has stopped: map, collect, record. */
export async function endAttempt(
  { dispatches, s3 }: WorkerInTest,
  { dispatchId }: WorkerRun,
  exitCode: number,
): Promise<EndedAttempt> {
  const ref = { dispatchId, attempt: 1 };
  const artifacts = new ArtifactStore(s3, BUCKETS.artifacts);
  const now = () => new Date();
  const containers = [{ name: 'worker', exitCode }];
  const stop = { taskArn: TASK_ARN, stopCode: 'EssentialContainerExited', containers };
  const {
    runAgain: _,
    otherTaskArn: __,
    ...mapped
  } = await mapStop({ dispatches, artifacts }, ref, { stop, timedOut: false });
  const outcome = await collectOutput({ dispatches, artifacts, now }, ref, mapped);
  const elsewhere = {
    tenants: { freePlace: async () => {} },
    events: { ended: async () => {} },
    metrics: { ended: () => {}, settled: () => {} },
  };
  return { outcome, recorded: await recordOutcome({ dispatches, ...elsewhere, now }, ref, outcome, 'record-outcome') };
}
