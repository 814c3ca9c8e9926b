/** What an agent's ECS task is given: vCPU in units of 1/1024, memory in MiB. */
export const SIZES = {
  flagship: { cpu: 2048, memoryMiB: 4096 },
  balanced: { cpu: 1024, memoryMiB: 2048 },
  fast: { cpu: 512, memoryMiB: 1024 },
} as const;
export type Size = keyof typeof SIZES;

/** How many slots of an agent may wait at once; a `max` of 0 is an agent without a pool. */
export interface PoolBounds {
  readonly min: number;
  readonly max: number;
}

export interface Agent {
  readonly title: string;
  readonly size: Size;
  /** Whether a dispatch to it is accepted. */
  readonly available: boolean;
  /** Whether a model does the work: `task` is a prompt then, which may not be empty and has a context before it. */
  readonly hasModel: boolean;
  /** Slots that wait for a dispatch, unless the deployment says otherwise. */
  readonly pool: PoolBounds;
}

/** The catalogue: each entry is a task definition `<prefix>-<agent>` once it is available. */
export const AGENTS = {
  claude: { title: 'Claude Code', size: 'flagship', available: true, hasModel: true, pool: { min: 2, max: 5 } },
  codex: { title: 'Codex', size: 'flagship', available: true, hasModel: true, pool: { min: 2, max: 5 } },
  gemini: { title: 'Gemini CLI', size: 'balanced', available: true, hasModel: true, pool: { min: 1, max: 3 } },
  aider: { title: 'Aider', size: 'balanced', available: true, hasModel: true, pool: { min: 1, max: 3 } },
  // Its CLI's provenance is not proven, and it has no package for ARM64: there is no image of it.
  grok: { title: 'Grok', size: 'balanced', available: false, hasModel: true, pool: { min: 1, max: 3 } },
  shell: { title: 'Shell', size: 'fast', available: true, hasModel: false, pool: { min: 0, max: 1 } },
} as const satisfies Record<string, Agent>;

export type AgentName = keyof typeof AGENTS;
export const AGENT_NAMES = Object.keys(AGENTS) as [AgentName, ...AgentName[]];

export function isAgentName(name: string): name is AgentName {
  return Object.hasOwn(AGENTS, name);
}

export function availableAgents(): AgentName[] {
  return AGENT_NAMES.filter((name) => AGENTS[name].available);
}

/** The family of an agent's ECS task definition: what the state machine makes of the agent's name as well. */
export function taskFamily(prefix: string, agent: AgentName): string {
  return `${prefix}-${agent}`;
}

/** The family of the same agent with persistent workspaces: as above. */
export function workspaceTaskFamily(prefix: string, agent: AgentName): string {
  return `${taskFamily(prefix, agent)}-workspace`;
}
