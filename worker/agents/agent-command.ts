import type { DispatchSpec } from '../../core/dispatch-spec.ts';

/** What a dispatch gives to an agent's command line. */
export interface AgentTask {
  readonly spec: DispatchSpec;
  /** Variables that the deployment and the tenant give this agent: keys, addresses. Its environment has them anyway, in place of the command's own. @default none */
  readonly given?: Readonly<Record<string, string>>;
  /** Whether the workspace is a clone of a repository. @default false */
  readonly hasRepository?: boolean;
  /** Writes a file that the agent may read and nobody else, outside the workspace. Returns its path. */
  writeFile(name: string, content: string): Promise<string>;
}

/** A program to run, with no shell in between. */
export interface AgentCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Variables on top of those that every agent gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** A file for its standard input. @default /dev/null */
  readonly stdinFile?: string;
}

/** The command line of an agent for one dispatch. */
export type MakeCommand = (task: AgentTask) => Promise<AgentCommand>;
