import fc from 'fast-check';
import type { LifeModel } from './life-model.ts';
import { DISPATCHES, type LifeWorld } from './life-world.ts';
import { FATES, type Fate, type OpenCall } from './turns.ts';

type Act = (world: LifeWorld) => unknown;

/** One thing that happens to the world, by its name; what it needs is there or it changes nothing. */
export class LifeCommand implements fc.AsyncCommand<LifeModel, LifeWorld> {
  constructor(
    readonly name: string,
    readonly act: Act,
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: LifeModel, world: LifeWorld): Promise<void> {
    await this.act(world);
    await world.turns.quiet();
    const faults = model.check();
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }

  toString(): string {
    return this.name;
  }
}

/** What the functions may take, as they are deployed. */
const API_SECONDS = 29;
const SWEEP_SECONDS = 60;

const BODY = { agent: 'shell', task: 'true', timeoutSeconds: 60 };

function request(world: LifeWorld, method: string, path: string, options: { body?: object; key?: string } = {}) {
  return world.invoke(`${method} ${path.slice(-9)}`, () => world.functions.api(method, path, options), API_SECONDS);
}

/** Posts a dispatch, or the same once more. */
export function submit(world: LifeWorld, which: number): void {
  const { done } = request(world, 'POST', '/dispatch', { body: BODY, key: String(which) });
  done.then(
    (status) => {
      if (status === 202) world.model.acknowledged.add(world.ids[which] ?? '');
    },
    () => {},
  );
}

function cancel(world: LifeWorld, which: number): void {
  request(world, 'DELETE', `/dispatch/${world.ids[which]}`);
}

function replay(world: LifeWorld, which: number, key: number): void {
  request(world, 'POST', `/dispatch/${world.ids[which]}/replay`, { key: `k${key}` });
}

/** By an event of somebody, or out of the archive. */
function askForReplay(world: LifeWorld, which: number, attempt: number, isArchived: boolean): void {
  const detail = { version: '1', eventId: `asked-${which}-${attempt}`, dispatchId: world.ids[which], attempt };
  const from = isArchived ? { 'detail-type': 'Dispatch Requested', 'replay-name': 'all' } : ASKED;
  world.send('replay', { ...from, detail });
}
const ASKED = { 'detail-type': 'Dispatch Replay Requested' };

/** One of many, or nothing where there are none. */
function one<T>(many: readonly T[], pick: number): T | undefined {
  return many[pick % many.length];
}

async function take(world: LifeWorld, pick: number, fate: Fate, dice: number): Promise<void> {
  const call = one(world.turns.open, pick);
  if (call) await takeTurn(world, call, fate, dice);
}

async function takeTurn(world: LifeWorld, call: OpenCall, fate: Fate, dice: number): Promise<void> {
  world.tick();
  await world.turns.take(call, fate, dice);
}

/** Lets one actor go on for a while; the last of his calls goes as it may. */
async function goOn(world: LifeWorld, pick: number, times: number, fate: Fate, dice: number): Promise<void> {
  const actor = one(world.turns.open, pick)?.actor;
  for (let count = 1; count <= times; count++) {
    const next = world.turns.open.find((call) => call.actor === actor);
    if (!next) return;
    await takeTurn(world, next, count === times ? fate : 'well', dice);
  }
}

/** Everyone goes on in turn, and hears of what happens; the last of the calls goes as it may. */
async function allGoOn(world: LifeWorld, times: number, fate: Fate): Promise<void> {
  for (let count = 1; count <= times; count++) {
    deliver(world, 0, false);
    await take(world, 0, count === times ? fate : 'well', count);
  }
}

function freeze(world: LifeWorld, pick: number): void {
  const actor = one(world.turns.open, pick)?.actor;
  if (actor) actor.isFrozen = true;
}

function thaw(world: LifeWorld, pick: number): void {
  const actor = one(world.turns.frozen, pick);
  if (actor) actor.isFrozen = false;
}

function kill(world: LifeWorld, pick: number): void {
  one(
    world.ecs.tasks.filter(({ status }) => status !== 'STOPPED'),
    pick,
  )?.worker?.die();
}

function stopByHand(world: LifeWorld, pick: number): void {
  const task = one(
    world.ecs.tasks.filter(({ status }) => status !== 'STOPPED'),
    pick,
  );
  if (task) world.ecs.stop(task.taskArn, 'by hand');
}

function abort(world: LifeWorld, pick: number): void {
  const execution = one(world.executions.running, pick);
  if (execution) world.executions.abort(execution);
}

function endTime(world: LifeWorld, pick: number): void {
  one([...world.waiting.values()], pick)?.();
}

function deliver(world: LifeWorld, pick: number, keep: boolean): void {
  const message = one(world.messages, pick);
  if (message) world.deliver(message, keep);
}

function lose(world: LifeWorld, pick: number): void {
  const message = one(
    world.messages.filter(({ isEvent }) => isEvent),
    pick,
  );
  if (message) world.messages.splice(world.messages.indexOf(message), 1);
}

/** It is on its way for longer than others. */
function postpone(world: LifeWorld, pick: number): void {
  const message = one(world.messages, pick);
  if (!message) return;
  world.messages.splice(world.messages.indexOf(message), 1);
  world.postponed.push(message);
}

function arrive(world: LifeWorld, pick: number): void {
  const message = one(world.postponed, pick);
  if (!message) return;
  world.postponed.splice(world.postponed.indexOf(message), 1);
  world.messages.push(message);
}

export function sweep(world: LifeWorld): void {
  world.invoke('sweep', () => world.functions.sweep(), SWEEP_SECONDS);
}

const pick = fc.nat(50);
const which = fc.nat(DISPATCHES - 1);
const dice = fc.nat(99);
const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fate>('well') },
  { weight: 4, arbitrary: fc.constantFrom(...FATES) },
);

function command<T extends unknown[]>(
  name: string,
  act: (world: LifeWorld, ...values: T) => unknown,
  ...arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> }
): fc.Arbitrary<LifeCommand> {
  return fc
    .tuple(...arbitraries)
    .map((values) => new LifeCommand(`${name}(${values.join(', ')})`, (world) => act(world, ...(values as T))));
}

const KINDS = [
  { weight: 2, arbitrary: command('submit', submit, which) },
  { weight: 3, arbitrary: command('cancel', cancel, which) },
  { weight: 6, arbitrary: command('replay', replay, which, fc.nat(2)) },
  { weight: 3, arbitrary: command('askForReplay', askForReplay, which, fc.integer({ min: 1, max: 2 }), fc.boolean()) },
  { weight: 16, arbitrary: command('take', take, pick, fate, dice) },
  {
    weight: 12,
    arbitrary: command(
      'goOn',
      goOn,
      pick,
      fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 30 })),
      fate,
      dice,
    ),
  },
  { weight: 10, arbitrary: command('allGoOn', allGoOn, fc.integer({ min: 5, max: 80 }), fate) },
  { weight: 6, arbitrary: command('freeze', freeze, pick) },
  { weight: 4, arbitrary: command('thaw', thaw, pick) },
  { weight: 8, arbitrary: command('deliver', deliver, pick, fc.boolean()) },
  { weight: 2, arbitrary: command('lose', lose, pick) },
  { weight: 5, arbitrary: command('postpone', postpone, pick) },
  { weight: 4, arbitrary: command('arrive', arrive, pick) },
  { weight: 2, arbitrary: command('kill', kill, pick) },
  { weight: 1, arbitrary: command('stopByHand', stopByHand, pick) },
  { weight: 5, arbitrary: command('abort', abort, pick) },
  { weight: 4, arbitrary: command('endTime', endTime, pick) },
  { weight: 3, arbitrary: command('sweep', sweep) },
  {
    weight: 2,
    arbitrary: command('later', (world, seconds: number) => world.pass(seconds * 1000), fc.constantFrom(10, 61, 400)),
  },
];

export const lifeCommands = fc.commands([fc.oneof(...KINDS)], { maxCommands: 60, size: 'max' });
