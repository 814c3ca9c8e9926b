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
