import { SYSTEM_SECRETS } from '../../core/secrets.ts';
import type { AgentToTest } from './agent-in-test.ts';

type Variables = Readonly<Record<string, string>>;

export interface GivenToAgents {
  /** What `secrets.json` holds: keys as the platform's secrets. */
  readonly secrets: Variables;
  /** Each agent's other variables, as a deployment's settings give them. */
  readonly agentEnv: Readonly<Record<string, Variables>>;
}

/** What the agents' CLIs need to reach a model at this URL. */
export function deploymentFor(agents: readonly AgentToTest[], url: string): GivenToAgents {
  const isKey = ([name]: readonly [string, string]) => SYSTEM_SECRETS.some((secret) => secret === name);
  const all = agents.map(({ name, given }) => ({ name, given: Object.entries<string>(given(url)) }));
  const keys = all.flatMap(({ given }) => given.filter(isKey));
  const others = all.map(({ name, given }) => [name, Object.fromEntries(given.filter((one) => !isKey(one)))] as const);
  return {
    secrets: Object.fromEntries(keys.map(([name, value]) => [`/outpost/system/${name}`, value])),
    agentEnv: Object.fromEntries(others),
  };
}
