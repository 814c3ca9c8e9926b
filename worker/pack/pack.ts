import { Socket } from 'node:net';
import { type ArchiveChoice, archive } from './archive.ts';
import { writeCompressed } from './compressed.ts';
import { fitOutput, GrowthLimit } from './output-limit.ts';
import { PACK_LINES_FD, type PackLine } from './packed-file.ts';
import { workspaceEntries } from './workspace-walk.ts';

/**
 * The packer's whole life: writes the workspace as `.tar.gz` to standard output and what is in it to descriptor 3. It
 * runs as a child, as the agent's user: an agent can prepare a workspace, and what reads that must hold no keys.
 *
 * @param maxBytes of all files together: past it the largest are left out
 */
export async function pack(workspace: string, maxBytes: number): Promise<void> {
  // Both are sockets, and may be non-blocking: plain writes to their descriptors would fail when the worker is slow.
  const lines = new Socket({ fd: PACK_LINES_FD, readable: false, writable: true });
  const tell = (line: PackLine) => void lines.write(`${JSON.stringify(line)}\n`);
  await writeCompressed(archive(workspace, tell, withinLimit(workspace, maxBytes)));
  tell({ end: true });
  lines.end();
}

function withinLimit(workspace: string, maxBytes: number): ArchiveChoice {
  const sizes = new Map<string, number>();
  for (const { kind, path, facts } of workspaceEntries(workspace, () => undefined)) {
    if (kind === 'file') sizes.set(path.toString('latin1'), facts.size);
  }
  const { leftOut, slack } = fitOutput(sizes, maxBytes);
  const growth = new GrowthLimit(sizes, slack);
  return {
    whyLeaveOut: (bytes, size) => {
      const path = bytes.toString('latin1');
      return leftOut.get(path) ?? growth.whyLeaveOut(path, size);
    },
  };
}
