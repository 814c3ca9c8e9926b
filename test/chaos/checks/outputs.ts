import { parseAttemptName } from '../../../core/ids.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { taskOf } from '../load/task-of.ts';
import type { Violation } from './violation.ts';

const RULE = 'SUCCESS only with output whose manifest verifies';

/** What was said to have succeeded was done to its end, and everything that it wrote is kept. */
export function checkOutputs(evidence: Evidence): Violation[] {
  const done = new Set(evidence.diary.filter(({ what }) => what === 'done').map(({ attempt }) => attempt));
  return [...evidence.outputs].flatMap(([name, { faults, files }]) => {
    const id = parseAttemptName(name)?.dispatchId;
    const task = taskOf(evidence, id);
    const lost = [...(task?.files ?? [])].filter(([path, sha256]) => files.get(path) !== sha256);
    return [
      ...faults.map((fault) => ({ rule: RULE, what: `${name}: ${fault}`, id })),
      ...lost.map(([path]) => ({
        rule: RULE,
        what: `${name}: its agent wrote ${path}, which is not in the archive`,
        id,
      })),
      ...(done.has(name) ? [] : [{ rule: RULE, what: `${name}: its agent was not done`, id }]),
      ...(task && task.end !== 'SUCCESS'
        ? [{ rule: RULE, what: `${name}: a task that ${task.kind} cannot succeed`, id }]
        : []),
    ];
  });
}
