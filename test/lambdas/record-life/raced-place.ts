import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { submit, sweep } from './life-commands.ts';
import type { LifeTables } from './life-stores.ts';
import { LifeWorld } from './life-world.ts';
import { comeToRest } from './record-life.ts';

/** Milliseconds after which a place that is doubted is freed. */
const DOUBTED_MS = 300_000;
/** Calls that all who race make together, at the most. */
const MANY_CALLS = 80;
/** Which of two dispatches. */
const RACED = 1;

/**
 * A place whose taker died before there was a record, and which a sweep may free by now, is taken again by the same post
 * while sweeps look at it: in whatever order they go on, no dispatch lives without a place.
 */
export function racedPlace(documents: DynamoDBDocumentClient, tables: LifeTables) {
  const order = fc.array(fc.nat(2), { minLength: MANY_CALLS, maxLength: MANY_CALLS });
  return fc.asyncProperty(order, fc.integer({ min: 1, max: 2 }), async (choices, sweeps) => {
    const world = await LifeWorld.open(documents, tables);
    try {
      await leaveDeadPlace(world);
      submit(world, RACED);
      for (let count = 0; count < sweeps; count++) sweep(world);
      await world.turns.quiet();
      for (const choice of choices) await goOn(world, choice);
      await comeToRest(world, false);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n\n${world.turns.history.join('\n')}`, { cause: error });
    } finally {
      await world.close();
    }
  });
}

async function leaveDeadPlace(world: LifeWorld): Promise<void> {
  submit(world, RACED);
  await world.turns.quiet();
  while (world.model.places.size === 0) {
    const [call] = world.turns.open;
    if (!call) throw new Error('The post ended without a place.');
    await world.turns.take(call, call.label.startsWith('UpdateCommand tenants') ? 'dies after' : 'well', 0);
  }
  sweep(world);
  await world.turns.quiet();
  while (world.turns.open.length > 0) await goOn(world, 0);
  world.pass(DOUBTED_MS);
}

async function goOn(world: LifeWorld, choice: number): Promise<void> {
  const { open } = world.turns;
  const call = open[choice % open.length];
  if (!call) return;
  world.tick();
  await world.turns.take(call, 'well', 0);
  const faults = world.model.check();
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
