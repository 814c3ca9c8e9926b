import { describe, expect, it } from 'vitest';
import { createFaultPlan } from '../../../local/faults/fault-plan.ts';
import type { CallPoint, FaultPlan } from '../../../local/faults/fault-points.ts';
import type { FaultRates } from '../../../local/faults/fault-settings.ts';

const CALL: CallPoint = {
  service: 'dynamodb',
  operation: 'UpdateItem',
  caller: 'function',
  who: 'ApiRole/outpost-api',
  text: '/\n{"TableName":"dispatches"}',
};
const EVERYTHING: FaultRates = {
  calls: [{ throttle: 0.1, failBefore: 0.1, failAfter: 0.1, cutBefore: 0.1, cutAfter: 0.1, delay: 0.1, persist: 0.5 }],
  functions: [{ killBefore: 0.2, kill: 0.2, loseAnswer: 0.2 }],
  events: [{ drop: 0.1, double: 0.1, delay: 0.1, reorder: 0.1 }],
  tasks: [{ noCapacity: 0.2, failToStart: 0.2, kill: 0.2, interrupt: 0.2 }],
  executions: [{ stop: 0.3 }],
  clocks: { functions: 0.5, workers: 0.5 },
};

/** Asks about every kind of point, a hundred times over. */
function answersOf(plan: FaultPlan): unknown[] {
  return Array.from({ length: 100 }, () => [
    plan.call(CALL),
    plan.invocation({ functionName: 'settle', invocation: 'async' }),
    plan.delivery({ bus: 'outpost', rule: 'ended', detailType: 'Dispatch Ended' }),
    plan.noCapacity({ family: 'outpost-shell', given: [] }),
    plan.task({ family: 'outpost-shell', given: [] }),
    plan.execution('outpost-dispatch'),
    plan.clock('workers'),
  ]);
}

function callsOf(plan: FaultPlan, point: Partial<CallPoint> = {}, count = 1_000) {
  return Array.from({ length: count }, () => plan.call({ ...CALL, ...point })?.fault);
}

describe('a fault plan', () => {
  it('answers the same questions with the same faults, for one seed and boot', () => {
    const answers = answersOf(createFaultPlan({ seed: 7, boot: 2, rates: EVERYTHING }));

    const again = answersOf(createFaultPlan({ seed: 7, boot: 2, rates: EVERYTHING }));

    expect(again).toEqual(answers);
  });

  it.each([
    ['seed', { seed: 8, boot: 2 }],
    ['boot', { seed: 7, boot: 3 }],
  ])('has other faults for another %s', (_what, other) => {
    const answers = answersOf(createFaultPlan({ seed: 7, boot: 2, rates: EVERYTHING }));

    const others = answersOf(createFaultPlan({ ...other, rates: EVERYTHING }));

    expect(others).not.toEqual(answers);
  });

  it('gives an operation the same faults however often others are called in between', () => {
    const alone = callsOf(createFaultPlan({ seed: 7, rates: EVERYTHING }), {}, 50);
    const plan = createFaultPlan({ seed: 7, rates: EVERYTHING });

    const amongOthers = Array.from({ length: 50 }, () => {
      plan.call({ ...CALL, operation: 'GetItem' });
      plan.execution('outpost-dispatch');
      return plan.call(CALL)?.fault;
    });

    expect(amongOthers).toEqual(alone);
  });

  it('lets each fault happen about as often as its rate says', () => {
    const faults = callsOf(createFaultPlan({ seed: 3, rates: EVERYTHING }), {}, 10_000);

    for (const name of ['throttle', 'failBefore', 'failAfter', 'cutBefore', 'cutAfter', 'delay'] as const) {
      expect(faults.filter((fault) => fault === name).length / faults.length).toBeCloseTo(0.1, 1);
    }
    expect(faults.filter((fault) => fault === undefined).length / faults.length).toBeCloseTo(0.4, 1);
  });

  it('has no faults where there are no rates', () => {
    const answers = answersOf(createFaultPlan({ seed: 7, rates: {} }));

    expect(new Set(answers.flat())).toEqual(new Set([undefined, false, 0]));
  });

  it('is decided by the first rule that fits, so that one without rates spares', () => {
    const plan = createFaultPlan({
      seed: 7,
      rates: { calls: [{ service: 'dynamodb', operation: ['GetItem', 'Query'] }, { throttle: 1 }] },
    });

    const faults = [plan.call({ ...CALL, operation: 'Query' }), plan.call(CALL)].map((fault) => fault?.fault);

    expect(faults).toEqual([undefined, 'throttle']);
  });

  it.each<[what: string, rule: object, other: Partial<CallPoint>]>([
    ['service', { service: 'dynamodb' }, { service: 's3' }],
    ['operation', { operation: ['UpdateItem'] }, { operation: 'GetItem' }],
    ['kind of caller', { caller: 'function' }, { caller: 'worker' }],
    ['caller', { who: 'outpost-api' }, { who: 'SettleRole/outpost-settle' }],
    ['content', { containing: ['"dispatches"', '"pool"'] }, { text: '/\n{"TableName":"tenants"}' }],
  ])('picks calls by their %s', (_what, rule, other) => {
    const plan = createFaultPlan({ seed: 7, rates: { calls: [{ ...rule, cutAfter: 1 }] } });

    const [fitting, notFitting] = [plan.call(CALL), plan.call({ ...CALL, ...other })];

    expect([fitting?.fault, notFitting]).toEqual(['cutAfter', undefined]);
  });

  it('leaves the operator, API Gateway, EventBridge and what AWS does itself alone unless a rule names them', () => {
    const plan = createFaultPlan({ seed: 7, rates: { calls: [{ throttle: 1 }] } });

    const faults = (['operator', 'api', 'events', 'platform'] as const).map((caller) => plan.call({ ...CALL, caller }));

    expect(faults).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('spares schedules unless a rule names them', () => {
    const tick = { bus: 'default', rule: 'sweep', detailType: 'Scheduled Event' };
    const plan = createFaultPlan({ seed: 7, rates: { events: [{ drop: 1 }] } });
    const naming = createFaultPlan({ seed: 7, rates: { events: [{ detailType: 'Scheduled Event', drop: 1 }] } });

    const [spared, dropped] = [plan.delivery(tick), naming.delivery(tick)];

    expect([spared, dropped]).toEqual([undefined, { fault: 'drop', delays: [] }]);
  });

  it('picks ECS tasks by family and by what they were given, and moments by their weights', () => {
    const moments = [{ name: 'often', weight: 9 }, { name: 'seldom' }];
    const plan = createFaultPlan({
      seed: 7,
      rates: { tasks: [{ family: 'shell', given: 'SLOT_ID', kill: 1, moments }] },
    });

    const cold = plan.task({ family: 'outpost-shell', given: ['DISPATCH_ID'] });
    const names = Array.from(
      { length: 500 },
      () => plan.task({ family: 'outpost-shell', given: ['SLOT_ID'] })?.moment.name,
    );

    expect(cold).toBeUndefined();
    expect(names.filter((name) => name === 'often').length / names.length).toBeCloseTo(0.9, 1);
  });

  it('puts clocks off by up to two seconds, either way', () => {
    const plan = createFaultPlan({ seed: 7, rates: { clocks: { functions: 1 } } });

    const offsets = Array.from({ length: 500 }, () => plan.clock('functions'));

    expect(Math.min(...offsets)).toBeLessThan(-1_900);
    expect(Math.max(...offsets)).toBeGreaterThan(1_900);
    expect(Math.max(...offsets.map(Math.abs))).toBeLessThanOrEqual(2_000);
  });

  it.each<[what: string, rates: object]>([
    ['rates that come to more than 1', { calls: [{ throttle: 0.6, delay: 0.6 }] }],
    ['a rate above 1', { executions: [{ stop: 1.5 }] }],
    ['a fault that there is not', { events: [{ duplicate: 0.1 }] }],
    ['a span that goes backwards', { events: [{ delay: 0.1, delayMs: [5, 1] }] }],
  ])('refuses %s', (_what, rates) => {
    expect(() => createFaultPlan({ seed: 7, rates })).toThrow();
  });
});
