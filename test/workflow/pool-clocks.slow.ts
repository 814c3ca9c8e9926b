import { describe, expect, it } from 'vitest';
import { never } from './pool-world/points.ts';
import { usePoolWorld } from './pool-world/use-pool-world.ts';

describe.each([
  ['ahead', 2_000],
  ['behind', -2_000],
])('workers whose clocks are 2 s %s', (_, skewMs) => {
  const pool = usePoolWorld({ skewMs });

  it('serve a dispatch', async () => {
    const { record, begun } = await pool.dispatch();

    expect(record).toMatchObject({ status: 'SUCCESS', slotId: pool.slot.slotId });
    expect(begun).toBe(1);
  });

  it('serve one that comes after a long wait', async () => {
    await pool.world.pass(95_000);

    const { record } = await pool.dispatch();

    expect(record).toMatchObject({ status: 'SUCCESS', slotId: pool.slot.slotId });
  });

  it('drain a slot that was claimed and not assigned', async () => {
    pool.world.points.at('after ClaimWarmSlot', never);

    const { record, begun } = await pool.dispatch();

    expect(record.status).toBe('SUCCESS');
    expect(begun).toBe(1);
    expect(await pool.world.slot(pool.slot)).toMatchObject({ drainReason: 'claimed and not assigned' });
  });

  it('do not have a lost heartbeat taken for a time-out', async () => {
    pool.world.agentMs = 300_000;

    const { record } = await pool.dispatch(() =>
      pool.world.points.at('agent', () => {
        pool.world.losesHeartbeats = true;
      }),
    );

    expect(record).toMatchObject({ status: 'FAILED', reason: expect.stringContaining('lost heartbeat') });
  });
});
