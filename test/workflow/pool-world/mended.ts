import { expect } from 'vitest';
import { isTerminal } from '../../../core/dispatch-status.ts';
import type { PoolWorld } from './pool-world.ts';
import { BOUNDS } from './world-constants.ts';

/** Everything that a world may still be mending after a disturbance, it mends within so many milliseconds of its time. */
const MENDED_MS = 120_000;

/**
 * Waits until the pool is at its desired size, no slot is stuck and no ECS task left over, and checks what must hold
 * whatever happened.
 */
export async function mended(world: PoolWorld): Promise<void> {
  let found = '';
  await world
    .until(
      async () => {
        found = (await disorder(world)).join('; ');
        return found === '';
      },
      'everything is mended',
      MENDED_MS,
    )
    .catch((error: Error) => {
      throw new Error(`${error.message} ${found}\n${world.said.join('\n')}`, { cause: error });
    });
  for (const [dispatchId, times] of world.begun) expect(times, `agents of ${dispatchId}`).toBeLessThanOrEqual(1);
  expect(world.points.untouched, 'points that nothing came to').toEqual([]);
  expect(world.dynamoDb.isIntact, 'answers that were to be lost').toBe(true);
  expect(world.faults).toEqual([]);
}

async function disorder(world: PoolWorld): Promise<string[]> {
  if (world.ecs.living.length !== BOUNDS.min) return [`${world.ecs.living.length} ECS tasks are there`];
  const slots = await world.slots();
  const living = slots.filter(({ state }) => state !== 'STOPPED');
  const ready = living.filter(({ state }) => state === 'WARM');
  const tasks = world.ecs.living;
  const orphans = tasks.filter(({ environment }) => !living.some(({ slotId }) => slotId === environment['SLOT_ID']));
  const stuck = living.filter(({ slotId }) => !tasks.some(({ environment }) => environment['SLOT_ID'] === slotId));
  const records = await world.records();
  return [
    ...(ready.length === BOUNDS.min && living.length === BOUNDS.min
      ? []
      : [`slots are ${living.map(({ state }) => state)}`]),
    ...orphans.map(({ taskArn }) => `${taskArn} is nobody's`),
    ...stuck.map(({ slotId, state }) => `${slotId} is ${state} without an ECS task`),
    ...records
      .filter(({ status }) => !isTerminal(status))
      .map(({ dispatchId, status }) => `${dispatchId} is ${status}`),
  ];
}
