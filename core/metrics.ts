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
} as const;
