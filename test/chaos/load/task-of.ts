import type { Evidence } from '../evidence/evidence.ts';
import type { AgentTask } from './agent-tasks.ts';

/** The task of a dispatch, by its record. */
export function taskOf(
  { records, errands }: Pick<Evidence, 'records' | 'errands'>,
  id?: string,
): AgentTask | undefined {
  const preview = records.find(({ dispatchId }) => dispatchId === id)?.taskPreview;
  const [, number] = /^# request (\d+):/.exec(preview ?? '') ?? [];
  return number === undefined ? undefined : errands[Number(number)]?.task;
}
