import { setTimeout as delay } from 'node:timers/promises';
import { EventBridgeClient, ListReplaysCommand } from '@aws-sdk/client-eventbridge';
import { setClockLead } from '../../local/faults/clock-lead.ts';
import { stopFaults } from '../../local/faults/fault-switch.ts';
import { type OpenEnd, openEnds } from './checks/leftovers.ts';
import { pendingWork } from './evidence/journals.ts';
import { readStores } from './evidence/stores.ts';
import type { EmbeddedProcess } from './killable-aws.ts';
import { ARCHIVE_REPLAY } from './load/bus-requests.ts';
import { callScheduled, MANAGER, SWEEP } from './scheduled.ts';

const LOOK_EVERY_MS = 500;

/**
 * By how many milliseconds the clocks of those who repair are ahead at their next call, call after call, over and over:
 * what they wait for to be old enough becomes so without the wait. In between they see the time as it is, so that what
 * is in order stays so.
 */
const LEADS: Readonly<Record<string, readonly number[]>> = {
  [SWEEP]: [0, 0, 65_000, 130_000, 450_000, 0],
  [MANAGER]: [0, 0, 0, 0, 0, 0, 75_000, 0, 0, 0, 135_000, 200_000, 0, 0],
};

/**
 * Ends the faults, lets the functions that a schedule calls every minute run more often, and waits until nothing goes on.
 * Returns what still does when the time is over.
 */
export async function becomeQuiet(aws: EmbeddedProcess, data: string, withinMs: number): Promise<OpenEnd[]> {
  stopFaults(data);
  const begun = Date.now();
  try {
    for (let looks = 0; ; looks += 1) {
      for (const [name, leads] of Object.entries(LEADS)) setClockLead(data, name, leads[looks % leads.length] ?? 0);
      await callScheduled(aws);
      const open = await openNow(aws, data);
      const isRight = Object.values(LEADS).every((leads) => (leads[looks % leads.length] ?? 0) === 0);
      if ((open.length === 0 && isRight) || Date.now() - begun > withinMs) return open;
      await delay(LOOK_EVERY_MS);
    }
  } finally {
    for (const name of Object.keys(LEADS)) setClockLead(data, name, 0);
  }
}

async function openNow(aws: EmbeddedProcess, data: string): Promise<OpenEnd[]> {
  const stores = await readStores(aws);
  const work = pendingWork(data).map((what) => ({ what: `queue: ${what}` }));
  return [...openEnds(stores), ...work, ...(await runningReplays(aws))];
}

async function runningReplays({ operator }: EmbeddedProcess): Promise<OpenEnd[]> {
  const client = new EventBridgeClient(operator);
  const { Replays = [] } = await client.send(new ListReplaysCommand({ NamePrefix: ARCHIVE_REPLAY }));
  client.destroy();
  return Replays.filter(({ State = '' }) => ['STARTING', 'RUNNING'].includes(State)).map(({ ReplayName }) => ({
    what: `archive replay: ${ReplayName}`,
  }));
}
