import { hostMarker } from '../agent/agent-environment.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import { type ChildProgram, type ListedFiles, outputOfChild } from '../pack/child-output.ts';

/**
 * The workspace as `.tar.gz`, made by a child that runs as the agent's user, has none of our variables, and ends with
 * us. Yields the bytes as they come and returns what is in them; throws where the packer fails, so that half an archive
 * is never taken for a whole one.
 */
export function packWorkspace(
  { file, args }: ChildProgram,
  workspace: string,
  user: AgentUser,
): AsyncGenerator<Buffer, ListedFiles> {
  return outputOfChild({ title: 'The packer', file, args: [...args, workspace], env: hostMarker(), user });
}
