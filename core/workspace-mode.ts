import { z } from 'zod';
import { DispatchId } from './ids.ts';

/** `ephemeral`: a folder that goes with its ECS task. `persistent`: one for each repository of a tenant, which stays. */
export const WORKSPACE_MODES = ['ephemeral', 'persistent'] as const;
export type WorkspaceMode = (typeof WORKSPACE_MODES)[number];

/** What a dispatch waits for before its agent may begin: a workspace of its tenant, and the dispatch that has it. */
export const WaitingFor = z.object({
  workspace: z.string().describe('The workspace, `owner/name` of a repository on GitHub'),
  dispatchId: DispatchId.describe('The dispatch that has it'),
});
export type WaitingFor = z.infer<typeof WaitingFor>;
