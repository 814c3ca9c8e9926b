import type { DispatchSpec } from '../../core/dispatch-spec.ts';
import { WORKER_EXIT } from '../../core/exit-codes.ts';
import type { FencePass } from '../../lambdas/shared/dispatch-store.ts';
import { wordsOf } from '../error-words.ts';
import { PATIENCE_MS, type Patience, patiently } from '../patiently.ts';
import type { AttemptEnd, AttemptWork } from './attempt-work.ts';
import { beginAttempt } from './begun-attempt.ts';
import { runBehindFence } from './run-behind-fence.ts';

/**
 * Runs one attempt: spec, fence, repository, agent, upload. Up to the fence nothing is run and nothing is written; once it is passed,
 * the output is uploaded whatever happens.
 */
export async function runAttempt(work: AttemptWork): Promise<AttemptEnd> {
  const [refused, spec, taskArn] = await Promise.all([work.mayBegin?.(), readSpec(work), askTaskArn(work)]);
  if (refused !== undefined) return refuse(work, WORKER_EXIT.notOurs, refused);
  if (typeof spec === 'string') return refuse(work, WORKER_EXIT.badSpec, spec);
  if ('reason' in taskArn) return refuse(work, WORKER_EXIT.notOurs, taskArn.reason);
  if (work.stop.aborted) return refuse(work, WORKER_EXIT.stopped, 'Stopped before the agent began.');
  const startedAt = new Date().toISOString();
  const closed = await passFence(work, { ...work.attempt, ...taskArn, slotId: work.slotId, startedAt });
  if (closed !== undefined) return refuse(work, WORKER_EXIT.notOurs, closed);
  return runBehindFence(beginAttempt(work, spec, startedAt));
}

function refuse({ log }: AttemptWork, exitCode: number, reason: string): AttemptEnd {
  log.say(reason);
  return { exitCode, stopped: exitCode === WORKER_EXIT.stopped };
}

/** The spec, or in words why there is none that this worker can serve. */
async function readSpec(work: AttemptWork): Promise<DispatchSpec | string> {
  const { specs, attempt, agent } = work;
  const { dispatchId } = attempt;
  try {
    const spec = await patiently(() => specs.getSpec(dispatchId), patienceOf(work));
    if (spec === undefined) return `There is no spec for dispatch ${dispatchId}.`;
    if (!spec.valid) return `The spec of dispatch ${dispatchId} cannot be used: it ${spec.reason}`;
    if (spec.content.agent === agent) return spec.content;
    return `Dispatch ${dispatchId} is for the agent ${spec.content.agent}; this worker runs ${agent}.`;
  } catch (error) {
    return `The spec of dispatch ${dispatchId} cannot be read: ${wordsOf(error)}`;
  }
}

/** Our ECS task, or why it cannot be known: the fence asks for it. */
async function askTaskArn(work: AttemptWork): Promise<{ taskArn: string } | { reason: string }> {
  try {
    return { taskArn: await work.fetchTaskArn() };
  } catch (error) {
    return { reason: wordsOf(error) };
  }
}

/** Nothing where the fence is passed; in words why it is not. */
async function passFence(work: AttemptWork, pass: FencePass): Promise<string | undefined> {
  try {
    // Whoever has passed, and did not hear of it, passes again.
    if (await patiently(() => work.dispatches.passFence(pass), patienceOf(work))) return undefined;
    return 'This attempt is not ours to run: it has ended, was cancelled, or belongs to another ECS task.';
  } catch (error) {
    return `The start fence cannot be passed: ${wordsOf(error)}`;
  }
}

function patienceOf({ patienceMs = PATIENCE_MS, stop }: AttemptWork): Patience {
  return { forMs: patienceMs, stop };
}
