import { describe, expect, it } from 'vitest';
import type { Slot } from '../../core/slot.ts';
import { verdictOn, type Waited } from '../../worker/warm/slot-verdict.ts';
import { DISPATCH_ID, NOW, TASK_ARN } from '../lambdas/records.ts';

const LIMITS = { unassignedMs: 60, lifeMs: 1_000, managerGoneMs: 600 };
const WAITED: Waited = { warmMs: 999, claimedMs: 59, managerUnseenMs: 599 };

function aSlot(fields: Partial<Slot> = {}): Slot {
  const ids = { agentType: 'shell', slotId: DISPATCH_ID, taskArn: TASK_ARN } as const;
  return { ...ids, state: 'WARM', taskDefinitionArn: 'definition:1', createdAt: NOW, ...fields };
}

describe('a waiting worker that looks at its slot', () => {
  it.each([
    { case: 'WARM', slot: aSlot() },
    { case: 'CLAIMED', slot: aSlot({ state: 'CLAIMED' }) },
  ])('waits while it is $case and nothing has taken too long', ({ slot }) => {
    expect(verdictOn(slot, TASK_ARN, WAITED, LIMITS)).toEqual({ act: 'wait' });
  });

  it('serves what is assigned, with the token that it read', () => {
    const slot = aSlot({ state: 'ASSIGNED', claimedBy: `${DISPATCH_ID}-7`, taskToken: 'token' });

    const verdict = verdictOn(slot, TASK_ARN, { warmMs: 1e9, claimedMs: 1e9, managerUnseenMs: 1e9 }, LIMITS);

    const assignment = { attempt: { dispatchId: DISPATCH_ID, attempt: 7 }, taskToken: 'token' };
    expect(verdict).toEqual({ act: 'serve', assignment });
  });

  it.each([
    { case: 'it is WARM to the end of its life', slot: aSlot(), waited: { warmMs: 1_000 }, from: 'WARM' },
    { case: 'it is WARM and no manager is seen', slot: aSlot(), waited: { managerUnseenMs: 600 }, from: 'WARM' },
    {
      case: 'it is CLAIMED and not assigned',
      slot: aSlot({ state: 'CLAIMED' }),
      waited: { claimedMs: 60 },
      from: 'CLAIMED',
    },
    {
      case: 'it is assigned to what is no attempt',
      slot: aSlot({ state: 'ASSIGNED', claimedBy: 'nobody', taskToken: 'token' }),
      waited: {},
      from: 'ASSIGNED',
    },
    {
      case: 'it is assigned without a token',
      slot: aSlot({ state: 'ASSIGNED', claimedBy: `${DISPATCH_ID}-1` }),
      waited: {},
      from: 'ASSIGNED',
    },
  ])('drains it where $case', ({ slot, waited, from }) => {
    const verdict = verdictOn(slot, TASK_ARN, { ...WAITED, ...waited }, LIMITS);

    expect(verdict).toMatchObject({ act: 'drain', from, reason: expect.any(String) });
  });

  it.each([
    { case: 'it is gone', slot: undefined },
    { case: 'it drains', slot: aSlot({ state: 'DRAINING' }) },
    { case: 'it is closed', slot: aSlot({ state: 'STOPPED' }) },
    { case: 'it runs', slot: aSlot({ state: 'RUNNING' }) },
    { case: "it is another ECS task's", slot: aSlot({ taskArn: `${TASK_ARN}0` }) },
    { case: 'it is assigned to another ECS task', slot: aSlot({ state: 'ASSIGNED', taskArn: `${TASK_ARN}0` }) },
  ])('leaves it where $case', ({ slot }) => {
    expect(verdictOn(slot, TASK_ARN, WAITED, LIMITS)).toMatchObject({ act: 'leave' });
  });
});
