import type { DispatchSpec } from '../../core/dispatch-spec.ts';
import type { HeldWorkspace } from '../persistent/workspaces-kit.ts';
import type { AttemptWork } from './attempt-work.ts';
import type { Ending } from './ending.ts';

/** An attempt whose worker has passed the start fence. */
export interface BegunAttempt extends AttemptWork {
  readonly spec: DispatchSpec;
  /** ISO 8601. */
  readonly startedAt: string;
  /** How it has ended before its agent could begin. @default it has not */
  readonly over?: Ending;
  /** The persistent workspace that it has for itself. @default its workspace goes with its ECS task */
  readonly held?: HeldWorkspace;
  /**
   * Milliseconds that are left of `timeoutSeconds`, which count from the fence: what is cloned and looked at before the
   * agent runs is on the dispatch's own time.
   */
  remainingMs(): number;
}

export function beginAttempt(work: AttemptWork, spec: DispatchSpec, startedAt: string): BegunAttempt {
  const begunAt = performance.now();
  const remainingMs = () => spec.timeoutSeconds * 1000 - (performance.now() - begunAt);
  return { ...work, spec, startedAt, remainingMs };
}
