import type { AttemptRef } from './ids.ts';

/** The objects of an attempt, by what they hold. */
export const ARTIFACTS = {
  manifest: 'manifest.json',
  archive: 'workspace.tar.gz',
  patch: 'changes.patch',
  log: 'output.log',
  result: 'result.json',
} as const;
export type Artifact = keyof typeof ARTIFACTS;

/** `dispatches/<dispatchId>/<attempt>/`: the one place that knows where an attempt's output lies. */
export function outputPrefix({ dispatchId, attempt }: AttemptRef): string {
  return `dispatches/${dispatchId}/${attempt}/`;
}

export function artifactKey(attempt: AttemptRef, artifact: Artifact): string {
  return `${outputPrefix(attempt)}${ARTIFACTS[artifact]}`;
}

/** Where the spec of a dispatch lies in the context bucket; every attempt reads the same one. */
export function specKey(dispatchId: string): string {
  return `dispatches/${dispatchId}/spec.json`;
}
