import type { PageKey } from '../shared/page.ts';
import type { SweepRun } from './sweep-run.ts';

/** What a sweep goes through, in this order: the living attempts by their status, the outcomes, the places. */
export const STAGE_NAMES = ['PENDING', 'PROVISIONING', 'RUNNING', 'COMPLETING', 'unpublished', 'places'] as const;
export type StageName = (typeof STAGE_NAMES)[number];

/** How many of a page needed a look of their own, and where the stage goes on; at its end, `next` is absent. */
export interface SweptPage {
  readonly looked: number;
  readonly next?: PageKey | undefined;
}

/** Sweeps one page of a stage, and looks into at most `limit`. */
export type Stage<Collaborators> = (
  collaborators: Collaborators,
  run: SweepRun,
  limit: number,
  after: PageKey | undefined,
) => Promise<SweptPage>;
