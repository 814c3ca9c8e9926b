import { setTimeout as delay } from 'node:timers/promises';
import { setClockLead } from '../../../local/faults/clock-lead.ts';
import { readStores } from '../evidence/stores.ts';
import type { HostileOutpost } from '../hostile-outpost.ts';
import { randomFrom } from '../random.ts';
import { callScheduled, MANAGER, SWEEP } from '../scheduled.ts';
import { replayArchive, requestReplay, unlessKilled } from './bus-requests.ts';
import { Client, type ClientRequest } from './client.ts';
import { type Errand, runErrand } from './errand.ts';
import { issueKeys } from './tenants.ts';

export interface LoadOptions {
  readonly errands: readonly Errand[];
  /** Milliseconds within which all are begun. */
  readonly spreadMs: number;
  /** How often everything is killed meanwhile. */
  readonly kills: number;
  /** How often a part of the archive is replayed at the end. */
  readonly archiveReplays: number;
  readonly seed: number;
}

/** Between the calls of what a schedule calls every minute. */
const SCHEDULE_MS = 2_000;
/**
 * By how many milliseconds the clocks of those whom a schedule calls are ahead at their next call, over and over: what a
 * fault left undone is mended while clients still wait for it, and by repairs that meet faults themselves.
 */
const LEADS: readonly Readonly<Record<string, number>>[] = [
  { [SWEEP]: 0, [MANAGER]: 0 },
  { [SWEEP]: 40_000, [MANAGER]: 0 },
  { [SWEEP]: 0, [MANAGER]: 35_000 },
];
/** For so long clients wait for a warm slot before they begin, in milliseconds. */
const POOL_FILLS_MS = 8_000;
const LOOK_EVERY_MS = 250;
/** The part of the load that is asked for once more at its end, and how long that goes on under faults, in milliseconds. */
const REPLAYED = 0.25;
const REPLAYING_MS = 2_000;

/** Lets clients do their errands while Outpost is killed and its archive replayed. Returns all that they asked and heard. */
export async function runLoad(outpost: HostileOutpost, options: LoadOptions): Promise<ClientRequest[]> {
  const requests: ClientRequest[] = [];
  const keys = await issueKeys(await outpost.up());
  const clients = keys.map(({ tenantId, apiKey }) => new Client(outpost, tenantId, apiKey, requests));
  const work = async () => {
    await fillPool(outpost);
    const begun = Date.now();
    await Promise.all([runErrands(outpost, clients, options), killAtTimes(outpost, options)]);
    for (let replay = 0; replay < options.archiveReplays; replay += 1) {
      const length = (Date.now() - begun) * REPLAYED;
      const from = begun + (replay % 3) * length;
      await replayArchive(outpost, String(replay), from, from + length);
      await delay(REPLAYING_MS);
    }
  };
  await untilDone(work(), (turn) => callScheduledOnce(outpost, turn));
  return requests;
}

/** Under faults a pool may stay empty: then the clients come all the same. */
async function fillPool(outpost: HostileOutpost): Promise<void> {
  const begun = Date.now();
  while (Date.now() - begun < POOL_FILLS_MS) {
    const { slots } = await readStores(await outpost.up());
    if (slots.some(({ state }) => state === 'WARM')) return;
    await delay(LOOK_EVERY_MS);
  }
}

async function runErrands(
  outpost: HostileOutpost,
  clients: readonly Client[],
  { errands, spreadMs, seed }: LoadOptions,
): Promise<void> {
  const random = randomFrom(seed + 1);
  const gap = spreadMs / errands.length;
  const running = errands.map(async (errand, index) => {
    const client = clients[index % clients.length];
    await delay((index + random()) * gap);
    const world = (one: Client) => ({ client: one, requestReplay: requestReplay.bind(undefined, outpost) });
    if (client) await runErrand(world(client), errand);
  });
  await Promise.all(running);
}

async function killAtTimes(outpost: HostileOutpost, { kills, seed, spreadMs }: LoadOptions): Promise<void> {
  const random = randomFrom(seed + 2);
  const begun = Date.now();
  const moments = Array.from({ length: kills }, () => (0.25 + 0.75 * random()) * spreadMs);
  for (const moment of moments.toSorted((a, b) => a - b)) {
    await delay(Math.max(0, begun + moment - Date.now()));
    await outpost.killAndBoot();
  }
}

/** Does something over and over for as long as something else takes. */
async function untilDone(work: Promise<unknown>, act: (turn: number) => Promise<void>): Promise<void> {
  let done = false;
  const working = work.finally(() => {
    done = true;
  });
  // Its failure is thrown below.
  working.catch(() => {});
  for (let turn = 0; !done; turn += 1) await act(turn);
  await working;
}

/** As if minutes passed faster: the pool fills, and the sweep meets whatever is under way. */
async function callScheduledOnce(outpost: HostileOutpost, turn: number): Promise<void> {
  for (const [name, lead] of Object.entries(LEADS[turn % LEADS.length] ?? {})) setClockLead(outpost.data, name, lead);
  await unlessKilled(callScheduled(await outpost.up()));
  await delay(SCHEDULE_MS);
}
