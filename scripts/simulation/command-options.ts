import { InvalidArgumentError } from 'commander';
import { AGENT_NAMES, type AgentName, isAgentName, type PoolBounds } from '../../core/agents.ts';

/** For options that take a number: checked, and with what it takes in the error. */
export function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It takes a number from ${least} to ${most}.`);
  };
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
  };
}

/** `claude=2-50,codex=0-20`. */
export function agentBounds(text: string): ReadonlyMap<AgentName, PoolBounds> {
  return perAgent(text, 'claude=2-50', (value) => {
    const [, min, max] = /^(\d{1,4})-(\d{1,4})$/.exec(value) ?? [];
    const bounds = { min: Number(min), max: Number(max) };
    return bounds.min <= bounds.max ? bounds : undefined;
  });
}

/** `claude=2,codex=1`: shares; or the name alone. */
export function agentShares(text: string): ReadonlyMap<AgentName, number> {
  return perAgent(text, 'claude=2,codex=1', (value) => {
    const share = value === '' ? 1 : Number(value);
    return share > 0 && share <= 1_000_000 ? share : undefined;
  });
}

function perAgent<Value>(
  text: string,
  example: string,
  read: (value: string) => Value | undefined,
): ReadonlyMap<AgentName, Value> {
  return new Map(
    text.split(',').map((part): [AgentName, Value] => {
      const [agent = '', value = '', ...rest] = part.split('=');
      if (!isAgentName(agent)) {
        throw new InvalidArgumentError(`'${agent}' is no agent: they are ${AGENT_NAMES.join(', ')}.`);
      }
      const known = rest.length === 0 ? read(value) : undefined;
      if (known === undefined) throw new InvalidArgumentError(`It takes text such as ${example}, not '${part}'.`);
      return [agent, known];
    }),
  );
}
