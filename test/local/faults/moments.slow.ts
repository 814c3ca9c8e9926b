import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DescribedCall } from '../../../local/faults/described-call.ts';
import type { Moment } from '../../../local/faults/fault-settings.ts';
import { Moments, type Victim } from '../../../local/faults/moments.ts';

const OWN: DescribedCall = {
  service: 'dynamodb',
  operation: 'UpdateItem',
  caller: 'worker',
  who: 'task/me',
  session: 'me',
  text: '/\n{"warmAt":1}',
  traceId: undefined,
  sdkCall: undefined,
  ids: ['slot'],
  about: {},
};
const OTHERS: DescribedCall = { ...OWN, caller: 'function', session: 'somebody' };
const NO_DELAY = [0, 0] as const;

let struck: (DescribedCall | undefined)[];
let isOn: boolean;
let moments: Moments;

beforeEach(() => {
  vi.useFakeTimers();
  struck = [];
  isOn = true;
  moments = new Moments(() => isOn);
});

afterEach(() => {
  vi.useRealTimers();
});

function victim(more: Partial<Victim> = {}): Victim {
  return {
    ids: ['slot'],
    dies: true,
    owns: ({ session }) => session === 'me',
    strike: (_moment, call) => struck.push(call),
    ...more,
  };
}

function moment(call: Partial<NonNullable<Moment['call']>>): Moment {
  return { weight: 1, call: { by: 'self', nth: 1, effect: 'after', ...call }, delayMs: NO_DELAY };
}

/** Makes a call; whether its answer is cut off. */
function make(call: DescribedCall): boolean {
  const due = moments.due(call);
  for (const { strike } of due) strike();
  return due.some(({ cuts }) => cuts);
}

describe('the moments of faults', () => {
  it('come by the clock where they wait for no call', () => {
    moments.wait(victim(), { weight: 1, delayMs: NO_DELAY }, 300);

    vi.advanceTimersByTime(299);
    expect(struck).toEqual([]);
    vi.advanceTimersByTime(1);

    expect(struck).toEqual([undefined]);
  });

  it('come once, with the n-th call that fits', () => {
    moments.wait(victim(), moment({ operation: 'UpdateItem', containing: 'warmAt', nth: 2 }), 0);

    const cut = [OWN, { ...OWN, text: '{}' }, { ...OWN, operation: 'GetItem' }, OTHERS, OWN, OWN].map(make);

    expect(cut).toEqual([false, false, false, false, true, false]);
    expect(struck).toEqual([OWN]);
  });

  it('come with a call of somebody else about the same thing, whose answer is heard', () => {
    moments.wait(victim(), moment({ by: 'others' }), 0);

    const cut = [OWN, { ...OTHERS, ids: ['another'] }, OTHERS].map(make);

    expect([cut, struck]).toEqual([[false, false, false], [OTHERS]]);
  });

  it('let the call be answered that a delay begins with', () => {
    moments.wait(victim(), moment({}), 50);

    const cut = make(OWN);
    expect([cut, struck]).toEqual([false, []]);
    vi.advanceTimersByTime(50);

    expect(struck).toEqual([OWN]);
  });

  it('leave the answer to a victim that outlives them', () => {
    moments.wait(victim({ dies: false }), moment({}), 0);

    expect([make(OWN), struck.length]).toEqual([false, 1]);
  });

  it('do not come any more when the victim is over, or the faults are', () => {
    const callOff = [
      moments.wait(victim(), moment({}), 0),
      moments.wait(victim(), { weight: 1, delayMs: NO_DELAY }, 10),
    ];
    moments.wait(victim(), moment({}), 0);
    moments.wait(victim(), { weight: 1, delayMs: NO_DELAY }, 20);

    for (const call of callOff) call();
    isOn = false;
    const cut = make(OWN);
    vi.advanceTimersByTime(100);

    expect([cut, struck]).toEqual([false, []]);
  });
});
