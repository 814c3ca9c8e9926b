import { z } from 'zod';
import { AGENTS, type AgentName, availableAgents, isAgentName, type PoolBounds } from './agents.ts';

/** How many slots of each available agent may wait. */
export type PoolSettings = Readonly<Partial<Record<AgentName, PoolBounds>>>;

const EXPECTED = 'must be like shell=0-2: an available agent, and how many slots wait at least and at most';

/** `shell=0-2` as bounds; an agent that is not named keeps the catalogue's, and `shell=0-0` is no pool. */
export const PoolText = z.string().transform((text, context): PoolSettings => {
  const pool: Partial<Record<AgentName, PoolBounds>> = Object.fromEntries(
    availableAgents().map((agent) => [agent, AGENTS[agent].pool]),
  );
  for (const part of text.split(',').filter(Boolean)) {
    const [, agent = '', min, max] = /^([a-z]+)=(\d{1,4})-(\d{1,4})$/.exec(part) ?? [];
    const bounds = { min: Number(min), max: Number(max) };
    if (!isAgentName(agent) || !(agent in pool) || !(bounds.min <= bounds.max)) {
      context.addIssue({ code: 'custom', message: `${EXPECTED}; '${part}' is not` });
      return z.NEVER;
    }
    pool[agent] = bounds;
  }
  return pool;
});
