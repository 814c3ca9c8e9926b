import type { Evidence } from '../evidence/evidence.ts';
import { checkAgents } from './agents.ts';
import { checkCancels } from './cancels.ts';
import { checkDeadLetters } from './dead-letters.ts';
import { checkEndings } from './endings.ts';
import { checkLeftovers } from './leftovers.ts';
import { checkOutputs } from './outputs.ts';
import { checkPlaces } from './places.ts';
import { checkRequests } from './requests.ts';
import type { Violation } from './violation.ts';

const CHECKS = [
  checkEndings,
  checkAgents,
  checkOutputs,
  checkRequests,
  checkCancels,
  checkPlaces,
  checkLeftovers,
  checkDeadLetters,
];

/** Everything in the evidence that must not be. */
export function check(evidence: Evidence): Violation[] {
  return CHECKS.flatMap((one) => one(evidence));
}
