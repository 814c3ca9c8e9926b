import { Failures } from '../shared/failures.ts';
import type { DemandCounters } from './demand-counters.ts';
import { manageRound, type RoundCollaborators } from './manage-round.ts';
import { LeaseLostError, type ManagerLease, type ManagerState } from './manager-lease.ts';
import { demandFact, type PoolTrigger } from './trigger.ts';

export interface ManageCollaborators extends RoundCollaborators {
  readonly counters: Pick<DemandCounters, 'of' | 'count'>;
  /** A hold on the pool of its own for every run. */
  readonly openLease: () => ManagerLease;
}

/** What a trigger has come to: 0 rounds where another manager is at work, which sees to it. */
export interface Managed {
  readonly rounds: number;
}

/** Rounds that one manager goes for the triggers that come meanwhile, and milliseconds after which it begins no other. */
const MOST_ROUNDS = 5;
const MOST_MS = 25_000;

/**
 * Keeps as many slots warm as are desired. Whoever comes while a manager is at work leaves it to that one, which goes
 * another round. Throws a `PartlyFailedError` after everything that could be done was done.
 */
export async function managePool(collaborators: ManageCollaborators, trigger: PoolTrigger): Promise<Managed> {
  const lease = collaborators.openLease();
  const fact = demandFact(trigger);
  if (fact) await collaborators.counters.count(fact);
  if (await lease.request()) return { rounds: 0 };
  const state = await lease.acquire();
  if (!state) return { rounds: 0 };
  return goRounds(collaborators, lease, state, fact === undefined);
}

async function goRounds(
  collaborators: ManageCollaborators,
  lease: ManagerLease,
  first: ManagerState,
  wantsTasks: boolean,
): Promise<Managed> {
  const begun = collaborators.now().getTime();
  let state = first;
  for (let rounds = 1; ; rounds++) {
    const failures = new Failures('Not all of the pool could be managed');
    try {
      const intents = await manageRound(collaborators, lease, state, wantsTasks && rounds === 1, failures);
      const isLast =
        failures.errors.length > 0 || rounds === MOST_ROUNDS || collaborators.now().getTime() - begun > MOST_MS;
      if (await lease.release({ intents }, isLast ? undefined : state.requests)) {
        failures.throwIfAny();
        return { rounds };
      }
      state = await lease.note({ intents });
    } catch (error) {
      // The successor sees to everything, so this one has nothing more to do; what failed before is still to be told.
      if (!(error instanceof LeaseLostError)) throw error;
      failures.throwIfAny();
      return { rounds };
    }
  }
}
