import { z } from 'zod';
import { WorkspaceSize, WorkspaceState } from '../../core/persistent-workspace.ts';

const Hash = z.string().regex(/^[0-9a-f]{40,64}$/);

/** What was fetched from the remote, into a folder that no agent has seen. */
export const Fetched = z.strictObject({
  /** A clone without files. */
  clone: z.string(),
  /** Absent where the repository has no commit yet. */
  commit: Hash.optional(),
  /** Absent where a tag was fetched. */
  branch: z.string().optional(),
});
export type Fetched = z.infer<typeof Fetched>;

const Place = {
  /** Its id, for messages. */
  name: z.string(),
  workspace: z.string(),
};

/** What the worker tells its child that works in a persistent workspace as the agent's user. */
export const WorkspaceJob = z.discriminatedUnion('do', [
  /** Makes the folder where it is missing, and says what is in it: a `Look`. */
  z.strictObject({ do: z.literal('look'), ...Place, fetched: Fetched, scratch: z.string() }),
  /** Puts what was fetched where there is no repository yet: a `WorkspaceState`. */
  z.strictObject({ do: z.literal('create'), ...Place, fetched: Fetched, making: z.string() }),
  /** Takes the repository that is there to what was fetched, where that loses nothing: a `WorkspaceState`. */
  z.strictObject({
    do: z.literal('advance'),
    ...Place,
    fetched: Fetched,
    scratch: z.string(),
    /** The dispatch names a branch or tag, so the agent is to work on that one. */
    isNamed: z.boolean(),
  }),
  /** Counts what is in it: a `WorkspaceSize`. */
  z.strictObject({ do: z.literal('measure'), ...Place, withinMs: z.int().min(1) }),
]);
export type WorkspaceJob = z.infer<typeof WorkspaceJob>;

/** `hasOwnCommits`: the branch that was fetched has commits here that are not known to be in the remote's. */
export const Look = z.object({ isThere: z.boolean(), hasOwnCommits: z.boolean() });
export type Look = z.infer<typeof Look>;

/** What the child answers, one of these; `problem` is for whoever reads the dispatch's reason. */
export const JobAnswer = z.strictObject({
  problem: z.string().optional(),
  look: Look.optional(),
  state: WorkspaceState.optional(),
  size: WorkspaceSize.optional(),
});
export type JobAnswer = z.infer<typeof JobAnswer>;
