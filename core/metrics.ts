/** CloudWatch namespace and names of Outpost's metrics: functions emit, alarms and dashboards read these. */
export const METRIC_NAMESPACE = 'Outpost';
/** Value of the dimension `service`, which Powertools adds to the dimensions that are named below. */
export const METRIC_SERVICE = 'outpost';

export const METRICS = {
  /** Count, by `agent` and `status`. */
  dispatchEnded: 'DispatchEnded',
  /** Milliseconds from `startedAt` to `endedAt`, by `agent`. */
  dispatchDuration: 'DispatchDuration',
  /** Count, by `agent` and `status`: an attempt that `settle` had to end because its execution could not. */
  dispatchSettled: 'DispatchSettled',
  /** Count, by `answer`: a replay that an event asked for, and what became of it. */
  dispatchReplayed: 'DispatchReplayed',
  /** Count, by `repair`: what a sweep had to put right, 0 of each in a healthy system. */
  sweepRepaired: 'SweepRepaired',
  /** Count, by `agent`: a warm slot's boot that the manager began. */
  slotStarted: 'SlotStarted',
  /** Count, by `agent` and `reason`: a slot that the manager let go. */
  slotDrained: 'SlotDrained',
  /** Count, by `agent`: boots that failed, those that failed together once they make the manager pause. */
  slotBootFailed: 'SlotBootFailed',
  /** Count, by `agent`: a slot that the manager had to close because its own execution could not. */
  slotMended: 'SlotMended',
  /** Count: an ECS task that was stopped because no slot and no dispatch knows it. */
  orphanStopped: 'OrphanStopped',
} as const;

/**
 * What a sweep puts right: an attempt whose execution was never started, one that was cancelled while its ECS task was
 * not stopped, one whose execution can end it no more, an outcome that was not announced, and a tenant's place that is
 * held by no living attempt.
 */
export const SWEEP_REPAIRS = ['started', 'stopped', 'settled', 'published', 'freed'] as const;
export type SweepRepair = (typeof SWEEP_REPAIRS)[number];
