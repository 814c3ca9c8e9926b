import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { lifeCommands, submit, sweep } from './life-commands.ts';
import type { LifeTables } from './life-stores.ts';
import { LifeWorld } from './life-world.ts';

/** Sweeps within which everything has ended: a settle that died is waited for for four, frees take two, five minutes apart. */
const ROUNDS = 20;
const ROUND_MS = 61_000;
/** Turns that a world may take between two sweeps. */
const MANY_TURNS = 5_000;

/** Whatever happens in whatever order, the record's life keeps its rules, and everything ends. */
export function recordLife(documents: DynamoDBDocumentClient, tables: LifeTables) {
  return fc.asyncProperty(lifeCommands, fc.boolean(), async (commands, losesEvents) => {
    const world = await LifeWorld.open(documents, tables);
    try {
      submit(world, 0);
      await world.turns.quiet();
      await fc.asyncModelRun(() => ({ model: world.model, real: world }), commands);
      await comeToRest(world, losesEvents);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n\n${world.turns.history.join('\n')}`, { cause: error });
    } finally {
      await world.close();
    }
  });
}

/** Nothing goes wrong any more, but that EventBridge may tell of nothing that has happened. */
export async function comeToRest(world: LifeWorld, losesEvents: boolean): Promise<void> {
  world.release();
  if (losesEvents) world.loseEvents();
  for (let round = 0; round < ROUNDS; round++) {
    await exhaust(world);
    if (world.isOver && world.model.checkAtTheEnd().length === 0) return;
    world.pass(ROUND_MS);
    sweep(world);
    await world.turns.quiet();
  }
  throw new Error(['After all sweeps:', ...world.model.checkAtTheEnd(), ...world.leftovers].join('\n'));
}

/** Lets everyone go on, in turn, until nobody can. */
async function exhaust(world: LifeWorld): Promise<void> {
  for (let turns = 0; turns < MANY_TURNS; turns++) {
    const [message] = world.messages;
    const [call] = world.turns.open;
    if (!message && !call) return;
    if (message) world.deliver(message);
    world.tick();
    if (call) await world.turns.take(call, 'well', turns);
    else await world.turns.quiet();
    const faults = world.model.check();
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }
  throw new Error(`They go on for ever: ${world.turns.open.map(({ actor, label }) => `${actor.name} ${label}`)}`);
}
