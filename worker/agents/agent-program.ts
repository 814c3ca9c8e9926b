import type { AgentCommand, MakeCommand } from './agent-command.ts';

/** How an agent of the catalogue is run. */
export interface AgentProgram {
  /** The command line for a dispatch. */
  readonly makeCommand: MakeCommand;
  /**
   * A cheap run of the same CLI: it shows that the image has it, and lets it set up in its home what it sets up at its
   * first start. Its output goes to the container's log.
   */
  readonly probe: AgentCommand;
  /**
   * Whether the CLI is a program for Node: what Node compiles of it is then kept in the agent's own folder, from the
   * probe for the dispatch. @default false
   */
  readonly runsOnNode?: boolean;
}
