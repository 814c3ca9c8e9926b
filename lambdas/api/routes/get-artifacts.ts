import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { ARTIFACTS, outputPrefix } from '../../../core/artifact-keys.ts';
import type { DispatchRecord } from '../../../core/dispatch-record.ts';
import { isTerminal } from '../../../core/dispatch-status.ts';
import { type AttemptRef, attemptName } from '../../../core/ids.ts';
import { type Manifest, outputSize } from '../../../core/manifest.ts';
import { ApiError, attemptNotFound } from '../api-error.ts';
import type { ApiCollaborators, ApiEnv } from '../collaborators.ts';
import { success } from '../envelope.ts';
import { ownedDispatch } from '../owned-dispatch.ts';
import { OutputView } from '../wire.ts';
import { AttemptQuery, answer, COMMON_FAILURES, DispatchPath, failure, KEY_REQUIRED } from './route-parts.ts';

/** Seconds that a download URL is good for. */
const URL_SECONDS = 15 * 60;

/** Bytes of the file list at most: Lambda answers no more than 6 MB. */
const MAX_LIST_BYTES = 3_000_000;

const route = createRoute({
  method: 'get',
  path: '/artifacts/{id}',
  summary: 'The output of an attempt (the latest that has ended by default), with URLs to download it by',
  security: KEY_REQUIRED,
  request: { params: DispatchPath, query: AttemptQuery },
  responses: {
    ...COMMON_FAILURES,
    200: answer('The files of the workspace, and the objects that hold them.', OutputView),
    404: failure(
      'DISPATCH_NOT_FOUND: none of the tenant has this id. ATTEMPT_NOT_FOUND: it has no such attempt. OUTPUT_NOT_FOUND: the attempt has no output, or its manifest cannot be read.',
    ),
  },
});

export function addGetArtifacts(app: OpenAPIHono<ApiEnv>, api: ApiCollaborators): void {
  app.openapi(route, async (context) => {
    const record = await ownedDispatch(api, context, context.req.valid('param').id);
    const { dispatchId, attempt: current } = record;
    const ref = { dispatchId, attempt: context.req.valid('query').attempt ?? latestEnded(record) };
    if (ref.attempt > current) throw attemptNotFound(current);
    const manifest = await api.artifacts.getManifest(ref);
    if (!manifest) throw noOutput(record, ref);
    if (!manifest.valid) {
      throw new ApiError(
        'OUTPUT_NOT_FOUND',
        `The manifest of attempt ${ref.attempt} cannot be read: it ${manifest.reason}`,
      );
    }
    return context.json(success(context, await outputView(api, ref, manifest.content)), 200);
  });
}

function noOutput({ attempt: current, status }: DispatchRecord, { attempt }: AttemptRef): ApiError {
  if (attempt === current && !isTerminal(status)) {
    return new ApiError('OUTPUT_NOT_FOUND', `Attempt ${attempt} has no output yet.`);
  }
  const others = current > 1 ? ' `?attempt=N` asks for another one.' : '';
  return new ApiError('OUTPUT_NOT_FOUND', `Attempt ${attempt} has ended without an output.${others}`);
}

/** While the first attempt lives there is no other; its output may be there a moment before it has ended. */
function latestEnded({ attempt, status }: DispatchRecord): number {
  return isTerminal(status) ? attempt : Math.max(1, attempt - 1);
}

async function outputView(
  { artifacts, now }: ApiCollaborators,
  ref: AttemptRef,
  manifest: Manifest,
): Promise<OutputView> {
  const expiresAt = new Date(now().getTime() + URL_SECONDS * 1000).toISOString();
  const { files, skipped, objects, checkpoint } = manifest;
  const size = outputSize(manifest);
  const shown = withinBytes(files, MAX_LIST_BYTES);
  const named = [{ name: ARTIFACTS.manifest }, ...objects];
  return {
    ...ref,
    ...size,
    ...(checkpoint === undefined ? {} : { checkpointAt: checkpoint.takenAt }),
    files: shown,
    filesTruncated: shown.length < size.fileCount,
    skipped: withinBytes(skipped, MAX_LIST_BYTES / 3),
    objects: await Promise.all(
      named.map(async (object) => {
        const url = await artifacts.presign(
          `${outputPrefix(ref)}${object.name}`,
          URL_SECONDS,
          `${attemptName(ref)}-${object.name}`,
        );
        return { ...object, url, expiresAt };
      }),
    ),
  };
}

/**
 * As many from the beginning as make up so many bytes of the function's answer, where the body is JSON within JSON: a
 * quote in a name takes four bytes.
 */
function withinBytes<Item>(items: readonly Item[], maxBytes: number): Item[] {
  let bytes = 0;
  return items.filter((item) => {
    bytes += Buffer.byteLength(JSON.stringify(JSON.stringify(item)));
    return bytes <= maxBytes;
  });
}
