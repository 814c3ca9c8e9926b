import { parseAttemptName } from '../../../core/ids.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { fencePasses, terminalWrites } from '../evidence/writes.ts';
import { groupedBy } from '../grouped.ts';
import type { Violation } from './violation.ts';

/** Milliseconds by which the clocks of an agent and of the journal may be read apart. */
const TOLERANCE_MS = 50;

/**
 * No attempt's agent began twice, none without its worker having passed the start fence, none for what is not there, and
 * none when its attempt had ended. By the agents' own words.
 */
export function checkAgents(evidence: Evidence): Violation[] {
  const began = evidence.diary.filter(({ what }) => what === 'began');
  const attempts = new Map(evidence.records.map(({ dispatchId, attempt }) => [dispatchId, attempt]));
  const ends = new Map(terminalWrites(evidence).map((write) => [write.attempt, write]));
  const passes = groupedBy(fencePasses(evidence), ({ attempt }) => attempt);
  return [...groupedBy(began, ({ attempt }) => attempt)].flatMap(([name, entries]) => {
    const { dispatchId: id = '', attempt = 0 } = parseAttemptName(name) ?? {};
    const end = ends.get(name);
    const late = end && entries.find(({ at }) => at > end.done + TOLERANCE_MS);
    const passed = passes.get(name) ?? [];
    const before = entries.find(({ at }) => !passed.some(({ begun }) => begun <= at + TOLERANCE_MS));
    const times = entries.map(({ at }) => new Date(at).toISOString()).join(' and ');
    return [
      ...(entries.length > 1
        ? [{ rule: "no attempt's agent began twice", what: `${name} began at ${times}`, id }]
        : []),
      ...(before ? [{ rule: 'no agent begins before the start fence', what: `${name} began at ${times}`, id }] : []),
      ...(late ? [{ rule: 'no agent begins for what has ended', what: `${name} began at ${times}`, id }] : []),
      ...(attempt > (attempts.get(id) ?? 0)
        ? [{ rule: 'no agent runs for what is not there', what: `${name} began, and there is no such attempt`, id }]
        : []),
    ];
  });
}
