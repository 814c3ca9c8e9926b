import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import type { WorkspaceSize } from '../../core/persistent-workspace.ts';

const SLASH = Buffer.from('/');

/** Counts files and their bytes, folders and links not followed; stops, and says so, when the time is up. */
export function measureWorkspace(workspace: string, withinMs: number): WorkspaceSize {
  const end = performance.now() + withinMs;
  const waiting = [Buffer.from(workspace)];
  const size = { sizeBytes: 0, fileCount: 0, sizeIsPartial: false };
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of entriesOf(folder, size)) {
      if (performance.now() > end) return { ...size, sizeIsPartial: true };
      const path = Buffer.concat([folder, SLASH, entry.name]);
      if (entry.isDirectory()) waiting.push(path);
      else count(path, size);
    }
  }
  return size;
}

/** What cannot be read, or lies deeper than a path can say, is not counted. */
function entriesOf(folder: Buffer, size: { sizeIsPartial: boolean }): Dirent<Buffer>[] {
  try {
    return readdirSync(folder, { encoding: 'buffer', withFileTypes: true });
  } catch (error) {
    passOver(error, size);
    return [];
  }
}

function count(path: Buffer, size: { sizeBytes: number; fileCount: number; sizeIsPartial: boolean }): void {
  try {
    size.sizeBytes += lstatSync(path).size;
    size.fileCount += 1;
  } catch (error) {
    passOver(error, size);
  }
}

function passOver(error: unknown, size: { sizeIsPartial: boolean }): void {
  if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  size.sizeIsPartial = true;
}
