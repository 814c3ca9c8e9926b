import { setTimeout as wait } from 'node:timers/promises';
import colours from 'picocolors';
import { FleetHealth, type HourFacts, type SlotCounts } from '../../lambdas/api/wire.ts';
import type { Connection } from '../connection.ts';
import { openStatusLine, type StatusLine, type Terminal } from './status-line.ts';

const POLL_MS = 5_000;
const ANSWER_WITHIN_MS = 4_000;

/**
 * Shows how the fleet is doing as the last line of a terminal, until the signal aborts. On a pipe, in a file or on a
 * terminal that cannot move its cursor it shows nothing.
 */
export async function showFleet(connection: Connection, signal: AbortSignal): Promise<void> {
  const { stdout, stderr } = process;
  if (!stdout.isTTY || process.env['TERM'] === 'dumb') return;
  const terminals: [Terminal, ...Terminal[]] = stderr.isTTY ? [stdout, stderr] : [stdout];
  const line = openStatusLine(terminals, colours.dim);
  try {
    await followFleet(line, () => askFleet(connection, signal), signal);
  } finally {
    line.close();
  }
}

/** Asks every five seconds. While no answer comes, the line stays as it is; an answer older than the line is not shown. */
export async function followFleet(
  line: Pick<StatusLine, 'show'>,
  ask: () => Promise<FleetHealth | undefined>,
  signal: AbortSignal,
  pollMs = POLL_MS,
): Promise<void> {
  let shown = '';
  while (!signal.aborted) {
    const fleet = await ask();
    // Each of the function's threads remembers an answer of its own.
    if (fleet && fleet.at > shown) {
      shown = fleet.at;
      line.show(fleetText(fleet));
    }
    await waitUntil(pollMs, signal);
  }
}

/** `undefined` where there is no answer: what is wrong is told by whoever is asked, not by this line. */
async function askFleet({ baseUrl, apiKey }: Connection, signal: AbortSignal): Promise<FleetHealth | undefined> {
  try {
    const response = await fetch(`${baseUrl}/health/fleet`, {
      headers: { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    const { data } = (await response.json()) as { data?: unknown };
    return FleetHealth.safeParse(data).data;
  } catch {
    return undefined;
  }
}

async function waitUntil(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** `shell: 1 warm, 2 running · last hour: 12 started, 75 % of them warm; 90 % of 10 succeeded, 3.4 s on average` */
export function fleetText({ agents, lastHour }: FleetHealth): string {
  return [...agents.map(({ agent, slots }) => `${agent}: ${slotsText(slots)}`), hourText(lastHour)].join(' · ');
}

function slotsText(slots: SlotCounts): string {
  const there = Object.entries(slots).filter(([, count]) => count > 0);
  return there.length === 0 ? 'no slots' : there.map(([state, count]) => `${count} ${state}`).join(', ');
}

function hourText({ started, hitRate, ended, successRate, meanDurationMs }: HourFacts): string {
  const began = hitRate === null ? `${started} started` : `${started} started, ${percent(hitRate)} of them warm`;
  const went = successRate === null ? '' : `; ${percent(successRate)} of ${ended} succeeded`;
  const took = meanDurationMs === null ? '' : `, ${(meanDurationMs / 1000).toFixed(1)} s on average`;
  return `last hour: ${began}${went}${took}`;
}

function percent(rate: number): string {
  return `${Math.round(rate * 100)} %`;
}
