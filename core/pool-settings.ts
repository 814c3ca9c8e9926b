import { z } from 'zod';
import { AGENTS, type AgentName, availableAgents, isAgentName, type PoolBounds } from './agents.ts';

/** How many slots of each available agent may wait. */
export type PoolSettings = Readonly<Partial<Record<AgentName, PoolBounds>>>;

const EXPECTED = 'must be like shell=0-2, an available agent and how many slots wait at least and at most';

/** `shell=0-2` as bounds; an agent that is not named keeps the catalogue's, and `shell=0-0` is no pool. */
export const PoolText = z.string().transform((text, context): PoolSettings => {
  const pool: Partial<Record<AgentName, PoolBounds>> = Object.fromEntries(
    availableAgents().map((agent) => [agent, AGENTS[agent].pool]),
  );
  for (const part of text.split(',').filter(Boolean)) {
    const read = readPart(part);
    if ('fault' in read) {
      context.addIssue({ code: 'custom', message: read.fault });
      return z.NEVER;
    }
    pool[read.agent] = read.bounds;
  }
  return pool;
});

function readPart(part: string): { agent: AgentName; bounds: PoolBounds } | { fault: string } {
  const [, agent, min, max] = /^([a-z]+)=(\d{1,4})-(\d{1,4})$/.exec(part) ?? [];
  if (agent === undefined) return { fault: `${EXPECTED}, from 0 to 9999; '${part}' is not` };
  const available = availableAgents();
  if (!isAgentName(agent) || !available.includes(agent)) {
    return { fault: `${EXPECTED}; '${agent}' is none of ${available.join(', ')}` };
  }
  const bounds = { min: Number(min), max: Number(max) };
  if (bounds.min > bounds.max) return { fault: `${EXPECTED}; '${part}' has more at least than at most` };
  return { agent, bounds };
}
