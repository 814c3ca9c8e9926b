import { hostMarker } from '../agent/agent-environment.ts';
import type { AgentUser } from '../agent/agent-user.ts';
import { type ListedFiles, outputOfChild } from '../pack/child-output.ts';
import type { ChildProgram } from '../pack/running-child.ts';

export interface PackRequest {
  /** How this program is started again to pack. */
  readonly program: ChildProgram;
  readonly workspace: string;
  readonly user: AgentUser;
  /** Of all files together: past it the largest are left out. */
  readonly maxBytes: number;
}

/**
 * The workspace as `.tar.gz`, made by a child that runs as the agent's user, has none of our variables, and ends with
 * us. Yields the bytes as they come and returns what is in them; throws where the packer fails, so that half an archive
 * is never taken for a whole one.
 */
export function packWorkspace(request: PackRequest): AsyncGenerator<Buffer, ListedFiles> {
  const { program, workspace, user, maxBytes } = request;
  const args = [...program.args, workspace, String(maxBytes)];
  return outputOfChild({ title: 'The packer', file: program.file, args, env: hostMarker(), user });
}
