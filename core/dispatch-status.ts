/** The life of an attempt, in order; the last four are terminal. */
export const DISPATCH_STATUSES = [
  'PENDING',
  'PROVISIONING',
  'RUNNING',
  'COMPLETING',
  'SUCCESS',
  'FAILED',
  'TIMEOUT',
  'CANCELLED',
] as const;
export type DispatchStatus = (typeof DISPATCH_STATUSES)[number];

export const TERMINAL_STATUSES = ['SUCCESS', 'FAILED', 'TIMEOUT', 'CANCELLED'] as const satisfies DispatchStatus[];
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

const UNSUCCESSFUL = ['FAILED', 'TIMEOUT', 'CANCELLED'] as const;

/**
 * Every transition that a writer may make within one attempt. A terminal status has none: only a replay leaves it, and
 * a replay starts the next attempt at PENDING.
 */
export const TRANSITIONS: Readonly<Record<DispatchStatus, readonly DispatchStatus[]>> = {
  PENDING: ['PROVISIONING', ...UNSUCCESSFUL],
  PROVISIONING: ['RUNNING', ...UNSUCCESSFUL],
  RUNNING: ['COMPLETING', ...UNSUCCESSFUL],
  COMPLETING: ['SUCCESS', ...UNSUCCESSFUL],
  SUCCESS: [],
  FAILED: [],
  TIMEOUT: [],
  CANCELLED: [],
};

export function canTransition(from: DispatchStatus, to: DispatchStatus): boolean {
  return TRANSITIONS[from].includes(to);
}

/** The statuses that `to` may be entered from: what a conditional write puts into its condition. */
export function statusesBefore(to: DispatchStatus): DispatchStatus[] {
  return DISPATCH_STATUSES.filter((from) => canTransition(from, to));
}

export function isTerminal(status: DispatchStatus): status is TerminalStatus {
  return TRANSITIONS[status].length === 0;
}
