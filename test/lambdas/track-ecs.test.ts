import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import type { DispatchRecord } from '../../core/dispatch-record.ts';
import { EcsTaskStateChange } from '../../core/events.ts';
import type { Slot } from '../../core/slot.ts';
import type { ExecutionState } from '../../lambdas/shared/execution-state.ts';
import { ownerOf } from '../../lambdas/track-ecs/task-owner.ts';
import { type TrackCollaborators, trackEcs } from '../../lambdas/track-ecs/track-ecs.ts';
import { aRecord, aSlot, DISPATCH_ID, NOW, TASK_ARN } from './records.ts';

const SLOT_ID = ulid();
const REF = { dispatchId: DISPATCH_ID, attempt: 1 };
const PROVISIONING = { status: 'PROVISIONING' } as const;
const RUNNING = { status: 'RUNNING', taskArn: TASK_ARN, startedAt: NOW } as const;
const ASSIGNED = { slotId: SLOT_ID, state: 'ASSIGNED', claimedBy: `${DISPATCH_ID}-1`, taskToken: 'token' } as const;
const ABORTED: ExecutionState = { status: 'closed', endedAs: 'ABORTED', error: 'Execution.ABORTED', cause: '' };
const SUCCEEDED: ExecutionState = { ...ABORTED, endedAs: 'SUCCEEDED' };
const ABSENT: ExecutionState = { status: 'absent' };

const ofDispatch = { DISPATCH_ID, ATTEMPT: '1' };
const ofSlot = { SLOT_ID };

function change(environment: Record<string, string>, detail: object = {}): EcsTaskStateChange['detail'] {
  const variables = Object.entries(environment).map(([name, value]) => ({ name, value }));
  return EcsTaskStateChange.parse({
    'detail-type': 'ECS Task State Change',
    detail: {
      taskArn: TASK_ARN,
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      group: 'family:outpost-shell',
      overrides: { containerOverrides: [{ name: 'worker', environment: variables }] },
      containers: [{ name: 'worker', lastStatus: 'PENDING' }],
      ...detail,
    },
  }).detail;
}

function stopChange(environment: Record<string, string>, detail: object = {}): EcsTaskStateChange['detail'] {
  const stopCode = 'EssentialContainerExited';
  const containers = [{ name: 'worker', exitCode: 137, lastStatus: 'STOPPED' }];
  return change(environment, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode, containers, ...detail });
}

interface TrackWorld {
  readonly record?: DispatchRecord;
  readonly slot?: Slot;
  /** Of the dispatch, and of the slot. */
  readonly execution?: ExecutionState;
  readonly slotExecution?: ExecutionState;
}

/** One dispatch and one slot in memory, and what is done to them. */
function world({ record, slot, execution = { status: 'running' }, slotExecution = { status: 'running' } }: TrackWorld) {
  const state = { record, slot, done: [] as unknown[] };
  const collaborators: TrackCollaborators = {
    dispatches: {
      get: async (id) => (state.record?.dispatchId === id ? state.record : undefined),
      noteTask: async ({ dispatchId, attempt }, taskArn) => {
        const found = state.record;
        if (found?.dispatchId !== dispatchId || found.attempt !== attempt) return undefined;
        if (found.status !== 'PROVISIONING') return undefined;
        state.record = { ...found, taskArn };
        return state.record;
      },
      findByTask: async (taskArn) => (state.record?.taskArn === taskArn ? state.record.dispatchId : undefined),
    },
    executions: { describe: async () => execution },
    slotExecutions: { describe: async () => slotExecution },
    pool: {
      get: async ({ agentType, slotId }) =>
        state.slot?.agentType === agentType && state.slot.slotId === slotId ? state.slot : undefined,
      close: async (_, stop) => {
        if (!state.slot || state.slot.state === 'STOPPED') return undefined;
        state.slot = { ...state.slot, state: 'STOPPED', stop, stopDue: true };
        return state.slot;
      },
      stopHandedBack: async () => {
        const { stopDue: _, ...slot } = state.slot ?? aSlot();
        state.slot = slot;
      },
    },
    callback: { succeed: async (token, output) => state.done.push(['handed back', token, output]) > 0 },
    tasks: { stop: async (taskArn, why) => void state.done.push(['stopped', taskArn, why]) },
    settler: {
      request: async ({ dispatchId, attempt }, why) => void state.done.push(['settle', { dispatchId, attempt }, why]),
    },
    now: () => new Date(NOW),
  };
  return { state, collaborators };
}

const SETTLE = ['settle', REF, 'its ECS task has stopped'];
const STOP = {
  taskArn: TASK_ARN,
  stopCode: 'EssentialContainerExited',
  containers: [{ name: 'worker', exitCode: 137 }],
};

describe('whose an ECS task is', () => {
  it.each([
    ['its dispatch by the environment', change(ofDispatch), REF],
    ['its slot by the environment', change(ofSlot), { slotId: SLOT_ID }],
    ['its dispatch by the group', change({}, { group: `dispatch:${DISPATCH_ID}-7` }), { ...REF, attempt: 7 }],
    ['its slot by the group', change({}, { group: `slot:${SLOT_ID}` }), { slotId: SLOT_ID }],
    [
      'its dispatch by tags',
      change({}, { tags: [DISPATCH_ID, '3'].map((value, at) => ({ key: ['DISPATCH_ID', 'ATTEMPT'][at], value })) }),
      { ...REF, attempt: 3 },
    ],
    ['its slot by a tag', change({}, { tags: [{ key: 'SLOT_ID', value: SLOT_ID }] }), { slotId: SLOT_ID }],
    ['nobody by a name that is no ULID', change({ DISPATCH_ID: 'nightly', ATTEMPT: '1' }), undefined],
    ['nobody by an attempt that is no number', change({ DISPATCH_ID, ATTEMPT: 'one' }), undefined],
    ['nobody by a group of another kind', change({}, { group: `service:${SLOT_ID}` }), undefined],
    ['nobody without overrides', change({}, { overrides: null, group: null }), undefined],
  ])('is told: %s', (_, detail, owner) => {
    expect(ownerOf(detail)).toEqual(owner);
  });
});

describe('an ECS task that is on its way', () => {
  it('is noted on the record of its attempt', async () => {
    const { state, collaborators } = world({ record: aRecord(PROVISIONING) });

    const tracked = await trackEcs(collaborators, change(ofDispatch));

    expect([tracked, state.record?.taskArn, state.done]).toEqual(['noted', TASK_ARN, []]);
  });

  it('is stopped where its attempt was cancelled before', async () => {
    const { state, collaborators } = world({ record: aRecord({ ...PROVISIONING, cancelRequestedAt: NOW }) });

    const tracked = await trackEcs(collaborators, change(ofDispatch));

    expect([tracked, state.done]).toEqual(['cancelled', [['stopped', TASK_ARN, 'cancel']]]);
  });

  it.each<[string, Partial<DispatchRecord>, EcsTaskStateChange['detail']]>([
    ['its attempt has begun', { ...RUNNING, cancelRequestedAt: NOW }, change(ofDispatch)],
    ['a later attempt is current', { ...PROVISIONING, attempt: 2 }, change(ofDispatch)],
    ['it is to stop already', PROVISIONING, change(ofDispatch, { desiredStatus: 'STOPPED' })],
    ['it waits in the warm pool', PROVISIONING, change(ofSlot)],
    ['it is none of ours', PROVISIONING, change({})],
  ])('is left alone where %s', async (_, fields, detail) => {
    const record = aRecord(fields);
    const { state, collaborators } = world({ record });

    expect(await trackEcs(collaborators, detail)).toBe('nothing');
    expect([state.record, state.done]).toEqual([record, []]);
  });
});

describe('an ECS task that has stopped', () => {
  it.each<[string, TrackWorld]>([
    ['its execution lives', { record: aRecord(RUNNING) }],
    ['its attempt has ended', { record: aRecord({ status: 'FAILED' }), execution: ABORTED }],
    ['a later attempt is current', { record: aRecord({ ...RUNNING, attempt: 2 }), execution: ABORTED }],
    ['its attempt is PENDING and can still be started', { record: aRecord(), execution: ABSENT }],
    ['its dispatch has no record', { execution: ABORTED }],
  ])('is left to others where %s', async (_, given) => {
    const { state, collaborators } = world(given);

    const tracked = await trackEcs(collaborators, stopChange(ofDispatch));

    expect([tracked, state.record, state.done]).toEqual(['nothing', given.record, []]);
  });

  it.each<[string, Partial<DispatchRecord>, ExecutionState]>([
    ['has closed while it was PENDING', {}, ABORTED],
    ['has closed before it began', PROVISIONING, ABORTED],
    ['has closed while it ran', RUNNING, ABORTED],
    ['has closed without an outcome', { ...RUNNING, status: 'COMPLETING' }, SUCCEEDED],
    ['is not there though it was admitted', PROVISIONING, ABSENT],
  ])('has its attempt settled where the execution %s', async (_, fields, execution) => {
    const { state, collaborators } = world({ record: aRecord(fields), execution });

    const tracked = await trackEcs(collaborators, stopChange(ofDispatch));

    expect([tracked, state.done]).toEqual(['settle requested', [SETTLE]]);
  });

  it('and does not say whose it was is found by the record that names it', async () => {
    const { state, collaborators } = world({ record: aRecord(RUNNING), execution: ABORTED });

    await trackEcs(collaborators, stopChange({}));

    expect(state.done).toEqual([SETTLE]);
  });

  it('and that a record named until a moment ago, as the index says, is ignored', async () => {
    const { state, collaborators } = world({ record: aRecord(RUNNING), execution: ABORTED });
    const dispatches = { ...collaborators.dispatches, findByTask: async () => DISPATCH_ID };

    const tracked = await trackEcs({ ...collaborators, dispatches }, stopChange({}, { taskArn: `${TASK_ARN}0` }));

    expect([tracked, state.done]).toEqual(['nothing', []]);
  });

  it('and is none of ours is ignored', async () => {
    const { state, collaborators } = world({ record: aRecord(PROVISIONING), execution: ABORTED });

    const tracked = await trackEcs(collaborators, stopChange({}));

    expect([tracked, state.done]).toEqual(['nothing', []]);
  });
});

describe('the ECS task of a warm slot that has stopped', () => {
  const slot = aSlot(ASSIGNED);

  it.each<[string, ExecutionState]>([
    ['lives', { status: 'running' }],
    ['has done it', SUCCEEDED],
  ])("is left to the slot's execution where that %s", async (_, slotExecution) => {
    const { state, collaborators } = world({ record: aRecord(PROVISIONING), slot, slotExecution });

    const tracked = await trackEcs(collaborators, stopChange(ofSlot));

    expect([tracked, state.slot, state.done]).toEqual(['nothing', slot, []]);
  });

  it.each<[string, ExecutionState]>([
    ['was stopped', ABORTED],
    ['was never there', ABSENT],
  ])("closes the slot and hands the stop to its dispatch, where the slot's execution %s", async (_, slotExecution) => {
    const { state, collaborators } = world({ record: aRecord(PROVISIONING), slot, slotExecution });

    const tracked = await trackEcs(collaborators, stopChange(ofSlot));
    const again = await trackEcs(collaborators, stopChange(ofSlot));

    expect([tracked, again]).toEqual(['slot closed', 'slot closed']);
    expect(state.slot).toMatchObject({ state: 'STOPPED', stop: { stopCode: STOP.stopCode, exitCode: 137 } });
    expect(state.done).toEqual([['handed back', 'token', { stop: STOP }]]);
  });

  it.each(['ABORTED', 'TIMED_OUT'])(
    "hands back no stop by hand where the slot's execution %s: Step Functions stopped it",
    async (endedAs) => {
      const { state, collaborators } = world({
        record: aRecord(RUNNING),
        slot,
        slotExecution: { ...ABORTED, endedAs },
      });
      const byStepFunctions = { stopCode: 'UserInitiated', stoppedReason: 'Task stopped by Step Functions' };

      await trackEcs(collaborators, stopChange(ofSlot, byStepFunctions));

      const stop = { stopCode: 'UserInitiated', stoppedReason: `outpost:execution of its warm slot ${endedAs}` };
      expect(state.done).toMatchObject([['handed back', 'token', { stop }]]);
      expect(state.slot).toMatchObject({ state: 'STOPPED', stop });
    },
  );

  it('hands back a stop by hand as one where the execution had failed before', async () => {
    const slotExecution = { ...ABORTED, endedAs: 'FAILED' };
    const { state, collaborators } = world({ record: aRecord(RUNNING), slot, slotExecution });

    await trackEcs(collaborators, stopChange(ofSlot, { stopCode: 'UserInitiated', stoppedReason: 'by me' }));

    expect(state.done).toMatchObject([['handed back', 'token', { stop: { stoppedReason: 'by me' } }]]);
  });

  it('has the attempt settled as well where no execution waits for that', async () => {
    const given = { record: aRecord(PROVISIONING), slot, slotExecution: ABORTED, execution: ABORTED };
    const { state, collaborators } = world(given);

    const tracked = await trackEcs(collaborators, stopChange(ofSlot));

    expect(tracked).toBe('settle requested');
    expect(state.done).toEqual([['handed back', 'token', { stop: STOP }], SETTLE]);
  });

  it("has the attempt that it ran settled where only the slot's execution lives", async () => {
    const { state, collaborators } = world({ record: aRecord(RUNNING), slot, execution: ABORTED });

    await trackEcs(collaborators, stopChange(ofSlot));

    expect(state.done).toEqual([SETTLE]);
  });

  it('closes a slot that nobody had claimed, and settles nothing', async () => {
    const waiting = aSlot({ slotId: SLOT_ID });
    const { state, collaborators } = world({ record: aRecord(PROVISIONING), slot: waiting, slotExecution: ABORTED });

    const tracked = await trackEcs(collaborators, stopChange(ofSlot));

    expect([tracked, state.slot?.state, state.done]).toEqual(['slot closed', 'STOPPED', []]);
  });
});
