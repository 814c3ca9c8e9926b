import { expect, it } from 'vitest';
import type { FleetHealth } from '../../../lambdas/api/wire.ts';
import { fleetText, followFleet } from '../../../local/cli/fleet-line.ts';

const NOTHING = { started: 0, warm: 0, hitRate: null, ended: 0, succeeded: 0, successRate: null, meanDurationMs: null };
const SLOTS = { booting: 0, warm: 0, claimed: 0, assigned: 0, running: 0, draining: 0 };

const aFleet = (fields: Partial<FleetHealth> = {}): FleetHealth => ({
  at: '2026-03-01T12:00:00.000Z',
  slots: SLOTS,
  lastHour: NOTHING,
  agents: [{ agent: 'shell', slots: SLOTS, lastHour: NOTHING }],
  ...fields,
});

it('says how many slots there are of each agent that has any, and how the last hour went', () => {
  const slots = { ...SLOTS, warm: 1, running: 2 };
  const lastHour = {
    started: 12,
    warm: 9,
    hitRate: 0.75,
    ended: 10,
    succeeded: 9,
    successRate: 0.9,
    meanDurationMs: 3_449,
  };
  const agents = [
    { agent: 'claude', slots: SLOTS, lastHour },
    { agent: 'shell', slots, lastHour },
  ] as const;

  const text = fleetText(aFleet({ lastHour, agents: [...agents] }));

  expect(text).toBe(
    'shell: 1 warm, 2 running · last hour: 12 started, 75 % of them warm; 90 % of 10 succeeded, 3.4 s on average',
  );
});

it('makes up no rate of nothing', () => {
  expect(fleetText(aFleet())).toBe('no slots · last hour: 0 started');
});

it('follows the answers, past those that are missing or older, until it is stopped', async () => {
  const stop = new AbortController();
  const at = (second: number) =>
    aFleet({ at: `2026-03-01T12:00:0${second}.000Z`, lastHour: { ...NOTHING, started: second } });
  const answers = [at(1), undefined, at(3), at(2), at(4)];
  const shown: string[] = [];
  const ask = async () => {
    const answer = answers.shift();
    if (answers.length === 0) stop.abort();
    return answer;
  };

  await followFleet({ show: (text) => void shown.push(text) }, ask, stop.signal, 0);

  expect(shown.map((text) => text.replace(/.*last hour: /, ''))).toEqual(['1 started', '3 started', '4 started']);
});
