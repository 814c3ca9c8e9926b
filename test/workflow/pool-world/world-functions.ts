import { DETAIL_TYPES, type SlotClaimed, type SlotMissed } from '../../../core/events.ts';
import { parseAttemptName } from '../../../core/ids.ts';
import {
  ClaimSlotEvent,
  CollectOutputEvent,
  MapStopReasonEvent,
  ReclaimSlotEvent,
  RecordOutcomeEvent,
} from '../../../core/workflow.ts';
import { claimSlot } from '../../../lambdas/claim-slot/claim-slot.ts';
import type { PoolTrigger } from '../../../lambdas/manage-pool/trigger.ts';
import { reclaimSlot } from '../../../lambdas/reclaim-slot/reclaim-slot.ts';
import { executionOfEvent } from '../../../lambdas/settle/ended-execution.ts';
import { settle } from '../../../lambdas/settle/settle.ts';
import { collectOutput } from '../../../lambdas/shared/collect-output.ts';
import { mapStop } from '../../../lambdas/shared/map-stop.ts';
import { recordOutcome } from '../../../lambdas/shared/record-outcome.ts';
import { readReport } from '../../../lambdas/shared/stop-report.ts';
import { AGENT, BOUNDS, TASK_DEFINITION } from './world-constants.ts';
import type { FailedExecution } from './world-executions.ts';
import type { WorldGround } from './world-ground.ts';
import type { Functions } from './world-tasks.ts';

/**
 * The functions behind the dispatch state machine, and `settle`, over the world's stores and clock.
 * A claim's steps are `look` and `claim`.
 * @param demand hears of claims and misses
 */
export function worldFunctions(ground: WorldGround, demand: (trigger: PoolTrigger) => void) {
  const { clock, points, pool, dispatches, output: artifacts, ecs, said } = ground;
  const now = () => clock.date();
  const claiming = {
    pool: {
      newest: (agentType: string) => points.step('look', () => pool.newest(agentType)),
      claim: (...claim: Parameters<typeof pool.claim>) => points.step('claim', () => pool.claim(...claim)),
    },
    events: {
      slotClaimed: async (detail: SlotClaimed) =>
        demand({ 'detail-type': DETAIL_TYPES.slotClaimed, time: now().toISOString(), detail }),
      slotMissed: async (detail: SlotMissed) =>
        demand({ 'detail-type': DETAIL_TYPES.slotMissed, time: now().toISOString(), detail }),
    },
    taskDefinitions: { [AGENT]: TASK_DEFINITION },
    bounds: { [AGENT]: BOUNDS },
    now,
    report: (error: unknown) => void said.push(String(error)),
  };
  const ending = {
    dispatches,
    artifacts,
    tenants: { freePlace: async () => {} },
    events: { ended: async () => {} },
    metrics: { ended: () => {}, settled: () => {} },
    now,
  };
  const stopping = {
    tasks: {
      describe: async (taskArn: string) => {
        const task = ecs.find(taskArn);
        return task && ecs.describe(task);
      },
      stop: async (taskArn: string, why: string) => ecs.stopTask(taskArn, `outpost:${why}`),
    },
    wait: (milliseconds: number) => clock.sleep(milliseconds),
  };
  const functions: Functions = {
    'claim-slot': async (payload) => claimSlot(claiming, ClaimSlotEvent.parse(payload)),
    'reclaim-slot': async (payload) => reclaimSlot({ pool, now }, ReclaimSlotEvent.parse(payload)),
    'map-stop-reason': async (payload) => {
      const { report, ...ref } = MapStopReasonEvent.parse(payload);
      return mapStop({ dispatches, artifacts }, ref, readReport(report));
    },
    'collect-output': async (payload) => {
      const { outcome, ...ref } = CollectOutputEvent.parse(payload);
      return collectOutput({ dispatches, artifacts, now }, ref, outcome);
    },
    'record-outcome': async (payload) => {
      const { outcome, ...ref } = RecordOutcomeEvent.parse(payload);
      return recordOutcome(ending, ref, outcome, 'record-outcome');
    },
  };
  const settleFailed = async (execution: FailedExecution) => {
    const ref = parseAttemptName(execution.name);
    return ref && settle({ ...ending, ...stopping, pool }, ref, executionOfEvent(execution));
  };
  return { functions, settle: settleFailed };
}
