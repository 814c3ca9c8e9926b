import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal } from '../../../core/dispatch-status.ts';
import type { AgentTask } from './agent-tasks.ts';
import type { Client, ClientRequest } from './client.ts';

/** What a client wants of one dispatch, drawn before it begins. */
export interface Errand {
  readonly number: number;
  readonly task: AgentTask;
  /** Whether it names its request, so that it may repeat it. */
  readonly key?: string | undefined;
  /** How often it submits at once. */
  readonly twins: number;
  /** It submits once more after it was heard. */
  readonly repeats: boolean;
  /** Milliseconds after the submission. */
  readonly cancelAfterMs?: number | undefined;
  readonly cancels: number;
  readonly replay?: ReplayWish | undefined;
}

export interface ReplayWish {
  readonly by: 'api' | 'event';
  /** Those who ask at once, by their keys: who has the same one is the same, another is a rival. */
  readonly keys: readonly string[];
  /** Milliseconds after that. */
  readonly cancelAfterMs?: number | undefined;
}

export interface ErrandWorld {
  readonly client: Client;
  /** Publishes `Dispatch Replay Requested`. */
  requestReplay(dispatchId: string, attempt: number, eventId: string): Promise<void>;
}

const TRIES = 12;
const LOOK_EVERY_MS = 400;
const LONGEST_LOOK_MS = 30_000;

/** Submits a dispatch, and goes on with it as drawn. Resolves when the client has heard all it wants to. */
export async function runErrand(world: ErrandWorld, errand: Errand): Promise<void> {
  const dispatchId = await submit(world.client, errand);
  if (dispatchId === undefined) return;
  await Promise.all([cancel(world, dispatchId, errand), replay(world, dispatchId, errand)]);
}

async function submit(client: Client, { task, key, twins, repeats, number }: Errand): Promise<string | undefined> {
  const body = { agent: 'shell', task: task.task, timeoutSeconds: task.timeoutSeconds };
  const tries = key === undefined ? 1 : TRIES;
  const post = () => client.askUntilHeard('POST', '/dispatch', tries, { body, key, number });
  const heard = await Promise.all(Array.from({ length: key === undefined ? 1 : twins }, post));
  const accepted = heard.find(({ status }) => status === 202);
  if (accepted && key !== undefined && repeats) await post();
  return accepted?.shown?.dispatchId;
}

async function cancel({ client }: ErrandWorld, id: string, { cancelAfterMs, cancels }: Errand): Promise<void> {
  if (cancelAfterMs === undefined) return;
  await delay(cancelAfterMs);
  for (let done = 0; done < cancels; done += 1) await client.askUntilHeard('DELETE', `/dispatch/${id}`, TRIES);
}

async function replay(world: ErrandWorld, id: string, { replay }: Errand): Promise<void> {
  if (!replay) return;
  const { client } = world;
  const ended = await untilEnded(world, id);
  if (!ended?.shown) return;
  const { attempt } = ended.shown;
  const ask = async (key: string) => {
    if (replay.by === 'event') await world.requestReplay(id, attempt, key);
    else await client.askUntilHeard('POST', `/dispatch/${id}/replay`, TRIES, { key });
  };
  await Promise.all(replay.keys.map(ask));
  if (replay.cancelAfterMs === undefined) return;
  await delay(replay.cancelAfterMs);
  await client.askUntilHeard('DELETE', `/dispatch/${id}`, TRIES);
}

async function untilEnded({ client }: ErrandWorld, id: string): Promise<ClientRequest | undefined> {
  for (const begun = Date.now(); Date.now() - begun < LONGEST_LOOK_MS; ) {
    const seen = await client.ask('GET', `/dispatch/${id}`);
    if (seen.shown && isTerminal(seen.shown.status.toUpperCase() as never)) return seen;
    await delay(LOOK_EVERY_MS);
  }
  return undefined;
}
