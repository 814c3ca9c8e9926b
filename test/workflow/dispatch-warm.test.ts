import { describe, expect, it } from 'vitest';
import { HEARTBEAT_SECONDS } from '../../core/slot-times.ts';
import { MAX_RUNS, RUN_MARGIN_SECONDS } from '../../core/time-limits.ts';
import type { Json } from '../../local/stepfunctions/json.ts';
import {
  COLD,
  FAILED_START,
  INPUT,
  REF,
  REPORT,
  runWarm,
  SLOT_ID,
  STOPPED,
  SUCCESS,
  TO_THE_END,
  WARM,
} from './dispatch-run.ts';
import { failing, payloadOf } from './scripted-run.ts';

describe('a warm run of the dispatch state machine', () => {
  it('assigns the dispatch to the slot that it claimed, and maps what came of it as of a warm run', async () => {
    const { path, calls, outcome, limits } = await runWarm();

    expect(path).toEqual([...WARM, 'MapStopReason', 'RunAgain', ...TO_THE_END, 'Succeeded']);
    expect(outcome.status).toBe('SUCCEEDED');
    expect(payloadOf(calls['ClaimWarmSlot']?.[0])).toEqual({ ...REF, run: 1, workspaceMode: 'ephemeral' });
    expect(calls['RunOnWarmSlot']?.[0]).toMatchObject({
      TableName: 'outpost-pool',
      Key: { agentType: { S: 'shell' }, slotId: { S: SLOT_ID } },
    });
    expect(limits['RunOnWarmSlot']).toMatchObject({
      timeoutInSeconds: INPUT.timeoutSeconds + RUN_MARGIN_SECONDS,
      heartbeatInSeconds: HEARTBEAT_SECONDS,
    });
    expect(payloadOf(calls['MapStopReason']?.[0]).report).toEqual({ ...REPORT, warm: true });
  });

  it('writes its name, its token and no more than the condition allows into the slot', async () => {
    let token: string | undefined;
    const { calls } = await runWarm({
      RunOnWarmSlot: ({ taskToken }) => {
        token = taskToken;
        return REPORT;
      },
    });

    expect(token).toMatch(/./);
    expect(calls['RunOnWarmSlot']?.[0]).toMatchObject({
      ConditionExpression: expect.stringContaining('claimedBy = :attempt'),
      ExpressionAttributeValues: { ':attempt': { S: 'one' }, ':token': { S: token }, ':assigned': { S: 'ASSIGNED' } },
    });
  });

  it.each<[string, Json]>([
    ['the stop that the slot handed back', { stop: STOPPED }],
    ['the words that the slot handed back', { error: 'States.TaskFailed', cause: 'Cannot pull the image' }],
  ])('maps %s', async (_, handedBack) => {
    const { calls, path } = await runWarm({ RunOnWarmSlot: handedBack });

    expect(payloadOf(calls['MapStopReason']?.[0]).report).toEqual({ ...(handedBack as object), warm: true });
    expect(path).not.toContain('ReclaimSlot');
  });

  it('runs again, cold, where the slot died before the agent began', async () => {
    const { path } = await runWarm({
      MapStopReason: (_call, attempt) => ({ Payload: attempt === 1 ? FAILED_START : SUCCESS }),
    });

    expect(path.slice(0, -5)).toEqual([
      ...WARM,
      'MapStopReason',
      'RunAgain',
      'WaitToRunAgain',
      ...COLD,
      'MapStopReason',
    ]);
  });

  it('tells claim-slot which run it is, so that a rerun never claims', async () => {
    const { calls, path } = await runWarm({ MapStopReason: { Payload: FAILED_START } });

    const runs = (calls['ClaimWarmSlot'] ?? []).map((argument) => payloadOf(argument).run);
    expect(runs).toEqual(Array.from({ length: MAX_RUNS }, (_, index) => index + 1));
    expect(path.filter((name) => name === 'RunOnWarmSlot')).toHaveLength(1);
  });

  it.each(['States.Timeout', 'Lambda.TooManyRequestsException', 'Lambda.Unknown', 'States.TaskFailed'])(
    'goes cold at once where the claim fails by %s',
    async (error) => {
      const { path, calls } = await runWarm({ ClaimWarmSlot: failing(error) });

      expect(path.slice(0, 5)).toEqual([...COLD, 'MapStopReason']);
      expect(calls['ClaimWarmSlot']).toHaveLength(1);
    },
  );

  it('goes cold where the claim answers nothing that it understands', async () => {
    const { path, outcome } = await runWarm({ ClaimWarmSlot: { Payload: null } });

    expect(path).toContain('RunColdTask');
    expect(outcome.status).toBe('SUCCEEDED');
  });

  it('may take fifteen seconds for the claim', async () => {
    const { limits } = await runWarm();

    expect(limits['ClaimWarmSlot']).toMatchObject({ timeoutInSeconds: 15 });
  });
});
