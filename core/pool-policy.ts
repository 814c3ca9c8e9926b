import { adaptive } from './adaptive-policy.ts';
import type { PoolPolicy } from './pool-demand.ts';

/** `min` slots, and `max` of them while misses pass 20 % or 10 dispatches wait. */
export const fixed: PoolPolicy = ({ claims, misses, waiting }, { min, max }) => {
  const isShort = misses > 0.2 * (claims + misses) || waiting >= 10;
  return isShort ? max : min;
};

export const POOL_POLICIES = { fixed, adaptive } as const satisfies Record<string, PoolPolicy>;
export type PoolPolicyName = keyof typeof POOL_POLICIES;
