import type { Executions } from '../shared/executions.ts';
import { DeadPlaces } from './dead-places.ts';
import { STAGE_NAMES, type Stage, type StageName, type SweptPage } from './stage.ts';
import { type LivingCollaborators, sweepLiving } from './sweep-living.ts';
import type { Position, SweepMemory } from './sweep-memory.ts';
import type { SweepMetrics } from './sweep-metrics.ts';
import { type PlacesCollaborators, sweepPlaces } from './sweep-places.ts';
import { type Repairs, SweepRun } from './sweep-run.ts';
import { sweepUnpublished, type UnpublishedCollaborators } from './sweep-unpublished.ts';

type StageCollaborators = LivingCollaborators & UnpublishedCollaborators & PlacesCollaborators;

export type SweepCollaborators = StageCollaborators & {
  readonly executions: Pick<Executions, 'running'>;
  readonly memory: Pick<SweepMemory, 'read' | 'write'>;
  readonly metrics: SweepMetrics;
};

/** What a run has come to. */
export interface Swept {
  /** How many needed a look of their own; those whose executions are known to run do not. */
  readonly looked: number;
  readonly repairs: Repairs;
  /** Where the next run goes on; absent where it begins anew. */
  readonly stoppedIn?: StageName | undefined;
}

/** What one run looks into at most, and milliseconds after which it begins no other page. */
export const MOST_LOOKS = 200;
export const MOST_MS = 20_000;
/** What is looked into at once. */
const AT_ONCE = 25;

const STAGES: Readonly<Record<StageName, Stage<StageCollaborators>>> = {
  PENDING: sweepLiving('PENDING'),
  PROVISIONING: sweepLiving('PROVISIONING'),
  RUNNING: sweepLiving('RUNNING'),
  COMPLETING: sweepLiving('COMPLETING'),
  unpublished: sweepUnpublished,
  places: sweepPlaces,
};

/**
 * Puts right whatever events, retries and `settle` could not. Goes on where the last run stopped; runs may overlap,
 * because every repair asks a condition or is harmless to repeat. Throws a `PartlyFailedError` after everything that
 * could be done was done: the next cycle comes to what failed again.
 */
export async function sweep(collaborators: SweepCollaborators): Promise<Swept> {
  const { memory, metrics, executions, now } = collaborators;
  const deadline = now().getTime() + MOST_MS;
  const { position, deadPlaces } = await memory.read();
  const run = new SweepRun(executions, new DeadPlaces(deadPlaces));
  const note = (at: Position | undefined) =>
    run.failures.keep(() => memory.write({ position: at, deadPlaces: run.deadPlaces.noted }));

  let at: Position | undefined = position ?? { stage: STAGE_NAMES[0] };
  let looked = 0;
  while (at && looked < MOST_LOOKS && now().getTime() < deadline) {
    const { stage, after }: Position = at;
    const limit = Math.min(AT_ONCE, MOST_LOOKS - looked);
    const page: SweptPage | undefined = await run.failures.keep(() => STAGES[stage](collaborators, run, limit, after));
    looked += page?.looked ?? 0;
    at = page?.next ? { stage, after: page.next } : stageAfter(stage);
    // A run that is killed has not done all this in vain.
    if (page?.looked && at) await note(at);
  }

  await note(at);
  metrics.repaired(run.repairs);
  run.failures.throwIfAny();
  return { looked, repairs: run.repairs, stoppedIn: at?.stage };
}

function stageAfter(stage: StageName): Position | undefined {
  const next = STAGE_NAMES[STAGE_NAMES.indexOf(stage) + 1];
  return next && { stage: next };
}
