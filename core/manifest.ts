import { z } from 'zod';
import { Attempt, DispatchId } from './ids.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A file or link of the workspace. `path` is relative, with `/`; a name that is not UTF-8 is base 64 and says so. */
export const ManifestFile = z.object({
  path: z.string().min(1),
  pathEncoding: z.literal('base64').optional(),
  type: z.enum(['file', 'link']),
  /** Bytes; 0 for a link. */
  size: z.int().min(0),
  /** Of the file's bytes; of the target's name for a link. */
  sha256: Sha256,
  /** Whether its owner may execute it. */
  executable: z.boolean().optional(),
  /** The object of a checkpoint that it lies in; of a final output all lie in `workspace.tar.gz`. */
  object: z.string().min(1).optional(),
});
export type ManifestFile = z.infer<typeof ManifestFile>;

/** An object that lies beside the manifest, by its name under the attempt's prefix. */
export const ManifestObject = z.object({ name: z.string().min(1), size: z.int().min(0), sha256: Sha256 });
export type ManifestObject = z.infer<typeof ManifestObject>;

/**
 * Bytes of a `manifest.json` that is read, some 300,000 files; the functions that read one are given memory for this. A
 * function that ran out of memory would do so at every retry, and its dispatch would never end.
 */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

const Path = { path: z.string().min(1), pathEncoding: z.literal('base64').optional() };

/** Says that an output is a checkpoint: its archives are unpacked in the order of `objects`, later files over earlier ones. */
export const Checkpoint = z.object({
  /** When the workspace was looked at: all that lay there by then is in it. */
  takenAt: z.iso.datetime(),
  /** What these archives hold and the workspace did not hold any more: to be removed when all of them are unpacked. */
  removed: z.array(z.object(Path)),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

/** What is in the archive, or was left out of it, and is not listed: a workspace may have more than a list can hold. */
export const Unlisted = z.object({
  /** Files and links in the archive. */
  files: z.int().min(0),
  /** Of those files. */
  bytes: z.int().min(0),
  /** Entries that are not in the archive. */
  skipped: z.int().min(0),
});
export type Unlisted = z.infer<typeof Unlisted>;

/** `manifest.json`: written last, so that where it is, everything it names is. */
export const Manifest = z.object({
  version: z.literal(1),
  dispatchId: DispatchId,
  attempt: Attempt,
  createdAt: z.iso.datetime(),
  files: z.array(ManifestFile),
  /** What lay in the workspace and is not in the archive, each with the reason. */
  skipped: z.array(z.object({ path: z.string(), pathEncoding: z.literal('base64').optional(), reason: z.string() })),
  /** Absent where all of them are listed. */
  unlisted: Unlisted.optional(),
  objects: z.array(ManifestObject),
  /** Absent of an output that is whole. */
  checkpoint: Checkpoint.optional(),
});
export type Manifest = z.infer<typeof Manifest>;

/** Files and links of an output, and their bytes, listed or not. */
export function outputSize({ files, unlisted }: Pick<Manifest, 'files' | 'unlisted'>): {
  fileCount: number;
  totalBytes: number;
} {
  return {
    fileCount: files.length + (unlisted?.files ?? 0),
    totalBytes: files.reduce((sum, { size }) => sum + size, unlisted?.bytes ?? 0),
  };
}
