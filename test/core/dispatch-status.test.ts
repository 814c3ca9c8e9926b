import { describe, expect, it } from 'vitest';
import {
  canTransition,
  DISPATCH_STATUSES,
  isTerminal,
  statusesBefore,
  TERMINAL_STATUSES,
} from '../../core/dispatch-status.ts';

describe('the table of transitions', () => {
  it.each(TERMINAL_STATUSES)('lets nothing leave %s', (status) => {
    const next = DISPATCH_STATUSES.filter((to) => canTransition(status, to));

    expect(next).toEqual([]);
    expect(isTerminal(status)).toBe(true);
  });

  it('reaches SUCCESS from COMPLETING alone, so that the output is checked first', () => {
    expect(statusesBefore('SUCCESS')).toEqual(['COMPLETING']);
  });

  it('lets every living status end as FAILED, TIMEOUT or CANCELLED', () => {
    const living = DISPATCH_STATUSES.filter((status) => !isTerminal(status));

    for (const end of ['FAILED', 'TIMEOUT', 'CANCELLED'] as const) expect(statusesBefore(end)).toEqual(living);
  });

  it('enters RUNNING through the fence alone', () => {
    expect(statusesBefore('RUNNING')).toEqual(['PROVISIONING']);
  });
});
