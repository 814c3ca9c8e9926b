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

/** Under the attempt's prefix. No object there is ever written again, but the index. */
const CHECKPOINTS = 'checkpoints/';

/** What the last checkpoint consists of: a manifest that has not been presented yet. Written last. */
export const CHECKPOINT_INDEX = `${CHECKPOINTS}index.json`;

/** Of the n-th checkpoint: what was new or changed in the workspace. */
export function checkpointArchive(n: number): string {
  return `${CHECKPOINTS}workspace-${padded(n)}.tar.gz`;
}

/** Of the n-th checkpoint: the log so far. */
export function checkpointLog(n: number): string {
  return `${CHECKPOINTS}output-${padded(n)}.log`;
}

/** Whether an object of an attempt, by its name under the prefix, holds files of the workspace. */
export function isArchive(name: string): boolean {
  return name === ARTIFACTS.archive || /^checkpoints\/workspace-\d+\.tar\.gz$/.test(name);
}

function padded(n: number): string {
  return String(n).padStart(6, '0');
}

/** Where the spec of a dispatch lies in the context bucket; every attempt reads the same one. */
export function specKey(dispatchId: string): string {
  return `dispatches/${dispatchId}/spec.json`;
}
