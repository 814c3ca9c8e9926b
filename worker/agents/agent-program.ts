import type { AgentCommand, MakeCommand } from './agent-command.ts';
import type { UsageReader } from './usage-reader.ts';

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
  /** Files that its home has before it first runs, by their paths there: settings that no option or variable sets. */
  readonly homeFiles?: Readonly<Record<string, string>>;
  /** Reads what a run used from what the CLI prints. @default the CLI says nothing of it */
  readonly usage?: () => UsageReader;
  /**
   * Whether the CLI exits with 0 though no model has answered, as with a wrong key: a run without usage has then failed.
   * @default false
   */
  readonly exitsCleanOnFailure?: boolean;
}
