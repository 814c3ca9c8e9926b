import { z } from 'zod';

/** What the worker tells its child that makes `changes.patch`. */
export const PatchJob = z.strictObject({
  workspace: z.string(),
  /** A git directory of the worker's own, with the objects of the clone. */
  gitDir: z.string(),
  /** The tree that the changes are measured from. */
  tree: z.string().regex(/^[0-9a-f]{40,64}$/),
  /** An empty folder of the agent's: index and new objects go there, and are removed again. */
  scratch: z.string(),
  /** Files over so many bytes are left out, and named. */
  maxFileBytes: z.int().min(1),
});
export type PatchJob = z.infer<typeof PatchJob>;
