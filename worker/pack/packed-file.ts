import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { Manifest, ManifestFile } from '../../core/manifest.ts';

/** What the packer tells the worker beside the archive: one of these on each line, `end` last. */
export const PackLine = z.union([
  z.strictObject({ file: ManifestFile }),
  z.strictObject({ skipped: Manifest.shape.skipped.element }),
  z.strictObject({ end: z.literal(true) }),
]);
export type PackLine = z.infer<typeof PackLine>;

/** Descriptor on which the packer writes them. */
export const PACK_LINES_FD = 3;

/** A path for people and JSON: as it is where it is UTF-8, else base 64. */
export function namedPath(path: Buffer): { path: string; pathEncoding?: 'base64' } {
  return isUtf8(path) ? { path: path.toString('utf8') } : { path: path.toString('base64'), pathEncoding: 'base64' };
}
