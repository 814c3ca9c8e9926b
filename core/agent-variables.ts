import { z } from 'zod';
import { type AgentName, availableAgents, isAgentName } from './agents.ts';
import { isReservedForSettings } from './reserved-variables.ts';
import { SYSTEM_SECRETS } from './secrets.ts';

/** Variables that a deployment puts into an agent's environment: a model gateway's address, say. They are no secrets. */
export const Variables = z.record(z.string(), z.string());
export type Variables = Readonly<z.infer<typeof Variables>>;

/** The variables of each agent that has any. */
export type AgentVariables = Readonly<Partial<Record<AgentName, Variables>>>;

/** `claude.NAME=value`, and further ones on lines of their own. The later of two of one name holds. */
export const AgentVariablesText = z.string().transform((text, context): AgentVariables => {
  const variables: Partial<Record<AgentName, Record<string, string>>> = {};
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    const read = readVariable(line);
    if (typeof read === 'string') {
      context.addIssue({ code: 'custom', message: read });
      continue;
    }
    variables[read.agent] = { ...variables[read.agent], [read.name]: read.value };
  }
  return variables;
});

/** A value may be a secret that is here by mistake: it is in no message. */
function readVariable(line: string): { agent: AgentName; name: string; value: string } | string {
  const [, agent = '', name = '', value = ''] = /^\s*([a-z]+)\.([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
  const available = availableAgents();
  if (agent === '') return 'must be like claude.NAME=value: an agent, a variable, and its value';
  if (!isAgentName(agent) || !available.includes(agent))
    return `must name an available agent (${available.join(', ')}); '${agent}' is not`;
  if (isReservedForSettings(name)) return `must not set ${name}: an agent's ${name} is the worker's to decide`;
  if (SYSTEM_SECRETS.some((secret) => secret === name)) {
    return `must not hold ${name}: it would stand in the template for all to read; keep it as a secret`;
  }
  if (value.includes('\0')) return `must not hold a NUL character in ${agent}.${name}`;
  return { agent, name, value };
}
