/** CloudWatch namespace and names of Outpost's metrics: functions emit, alarms and dashboards read these. */
export const METRIC_NAMESPACE = 'Outpost';

export const METRICS = {
  /** Count, by `agent` and `status`. */
  dispatchEnded: 'DispatchEnded',
  /** Milliseconds from `startedAt` to `endedAt`, by `agent`. */
  dispatchDuration: 'DispatchDuration',
  /** Count: an attempt that `settle` had to end because its execution could not. */
  dispatchSettled: 'DispatchSettled',
} as const;
