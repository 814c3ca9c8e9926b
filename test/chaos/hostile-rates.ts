import type { FaultRates } from '../../local/faults/fault-settings.ts';

/** Milliseconds before the retries of a function that failed on an event: AWS takes one and two minutes. */
export const ASYNC_RETRY_AFTER_MS: readonly number[] = [400, 1_200];

const READS = ['GetItem', 'Query', 'GetObject', 'HeadObject', 'DescribeTasks', 'DescribeExecution'];

/**
 * Everything that the embedded AWS can let go wrong, often enough that a dispatch meets one or two faults, and rarely
 * enough that most come to an end by the ordinary way.
 */
export const HOSTILE_RATES: FaultRates = {
  calls: [
    // Two ECS tasks for one attempt are the start fence's business: its answers are lost more often than others.
    { operation: 'RunTask', throttle: 0.04, failBefore: 0.04, failAfter: 0.08, cutAfter: 0.06, persist: 0.5 },
    { operation: ['StartExecution', 'PutEvents', 'SendTaskSuccess'], failBefore: 0.05, failAfter: 0.08, persist: 0.5 },
    // Whoever waits reads a lot, and seldom minds.
    {
      operation: READS,
      throttle: 0.01,
      failBefore: 0.01,
      failAfter: 0.005,
      cutAfter: 0.005,
      delay: 0.02,
      persist: 0.3,
    },
    {
      throttle: 0.01,
      failBefore: 0.01,
      failAfter: 0.02,
      cutBefore: 0.005,
      cutAfter: 0.015,
      delay: 0.03,
      delayMs: [20, 600],
      persist: 0.4,
    },
  ],
  functions: [
    { name: 'manage-pool', killBefore: 0.02, kill: 0.04, calls: [1, 10], loseAnswer: 0.02 },
    { name: 'api', killBefore: 0.01, kill: 0.06, calls: [3, 9], loseAnswer: 0.03 },
    // It hears of every step of every ECS task, and each killed thread takes a quarter of a second of a core to replace.
    { name: 'track-ecs', killBefore: 0.02, kill: 0.04, calls: [1, 8], loseAnswer: 0.04 },
    { killBefore: 0.03, kill: 0.07, calls: [1, 8], loseAnswer: 0.04 },
  ],
  events: [{ drop: 0.15, double: 0.15, delay: 0.15, delayMs: [500, 3_000], reorder: 0.1, reorderMs: [50, 600] }],
  tasks: [
    {
      given: ['SLOT_ID'],
      // A boot that fails keeps the pool empty for half a minute, which is all the time of a short round.
      noCapacity: 0.01,
      failToStart: 0.01,
      kill: 0.12,
      interrupt: 0.06,
      moments: [
        { name: 'once it waits', weight: 2, delayMs: [1_500, 8_000] },
        { name: 'when it begins', call: { operation: 'UpdateItem', containing: 'startedAt' } },
        { name: 'when it acknowledges', call: { operation: 'UpdateItem', containing: 'ackedBy' } },
        { name: 'when it was assigned', call: { by: 'others', operation: 'UpdateItem', containing: 'ASSIGNED' } },
      ],
    },
    {
      noCapacity: 0.05,
      failToStart: 0.06,
      kill: 0.12,
      interrupt: 0.08,
      moments: [
        { name: 'any time', weight: 2, delayMs: [0, 4_000] },
        { name: 'when it begins', call: { operation: 'UpdateItem', containing: 'startedAt' } },
        { name: 'before it begins', call: { operation: 'UpdateItem', containing: 'startedAt', effect: 'before' } },
        { name: 'between uploads', call: { service: 's3', containing: 'output.log' } },
        { name: 'before the manifest', call: { service: 's3', containing: 'manifest.json', effect: 'before' } },
        { name: 'after the manifest', call: { service: 's3', containing: 'manifest.json' } },
      ],
    },
  ],
  executions: [
    { machine: 'slot', stop: 0.08, moments: [{ name: 'any time', delayMs: [1_000, 8_000] }] },
    {
      stop: 0.1,
      moments: [
        { name: 'any time', weight: 2, delayMs: [0, 3_000] },
        { name: 'with RunTask', call: { operation: 'RunTask' } },
        { name: 'when the agent begins', call: { by: 'others', operation: 'UpdateItem', containing: 'startedAt' } },
        { name: 'with the outcome', call: { by: 'others', operation: 'UpdateItem', containing: 'outcomeId' } },
      ],
    },
  ],
  clocks: { functions: 0.3, workers: 0.2, maxMs: 2_000 },
};
