import type { WorkspaceState } from '../../core/persistent-workspace.ts';
import { WorkerResult } from '../../core/worker-result.ts';
import type { Redaction } from '../secrets/redaction.ts';
import type { BegunAttempt } from './begun-attempt.ts';
import type { AttemptRun } from './run-to-ending.ts';

/** What the worker says of its run, without a secret that it was given, and with nothing that its readers do not take. */
export function attemptResult(begun: BegunAttempt, { ending, secrets, workspace, usage }: AttemptRun): WorkerResult {
  const { repository, context, state } = workspace;
  const { redaction } = secrets;
  const { reason, ...ended } = ending.result;
  return WorkerResult.parse({
    ...resultOf(begun, ended),
    ...(reason === undefined ? {} : { reason: redaction.text(reason) }),
    ...(repository === undefined ? {} : { repository: named(repository) }),
    ...(state === undefined ? {} : { workspace: hidden(state, redaction) }),
    ...(context === undefined ? {} : { context: withoutSecrets(context.included, redaction) }),
    ...(usage === undefined ? {} : { usage }),
  });
}

/** A result that says no more than how it ended. */
export function resultOf(
  { attempt, startedAt }: BegunAttempt,
  ended: Pick<WorkerResult, 'endedBy' | 'exitCode' | 'reason'>,
): WorkerResult {
  const { dispatchId, attempt: number } = attempt;
  return { version: 1, dispatchId, attempt: number, ...ended, startedAt, endedAt: new Date().toISOString() };
}

function named({
  url,
  branch,
  commit,
}: NonNullable<AttemptRun['workspace']['repository']>): WorkerResult['repository'] {
  return { url, ...(branch === undefined ? {} : { branch }), ...(commit === undefined ? {} : { commit }) };
}

/** Branches and files may be called like anything. */
function hidden({ note, branch, ...state }: WorkspaceState, redaction: Redaction): WorkspaceState {
  return {
    ...state,
    ...(branch === undefined ? {} : { branch: redaction.text(branch) }),
    ...(note === undefined ? {} : { note: redaction.text(note) }),
  };
}

/** Files may be called like anything. */
function withoutSecrets(included: NonNullable<WorkerResult['context']>, redaction: Redaction) {
  const hidden = <Place extends { readonly path: string }>(place: Place) => ({
    ...place,
    path: redaction.text(place.path),
  });
  return { ...included, contents: included.contents.map(hidden), secrets: included.secrets.map(hidden) };
}
