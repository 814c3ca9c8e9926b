import type { ObjectRecord } from './records.ts';
import { noSuchKey, notImplemented, preconditionFailed } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';

/** What a conditional read comes to. */
export type ReadVerdict = 'send' | 'not modified';

/**
 * Weighs the conditions of a read in the order of RFC 9110; throws `PreconditionFailed`.
 *
 * @param prefix before the header names, as for the source of a copy: `x-amz-copy-source-`
 */
export function weighRead(request: S3Request, object: ObjectRecord, prefix = ''): ReadVerdict {
  const header = (name: string) => request.header(`${prefix}${name}`);
  const [match, noneMatch] = [header('if-match'), header('if-none-match')];
  if (match !== undefined) {
    if (!namesEtag(match, object.etag)) throw preconditionFailed('If-Match');
  } else if (isAfter(object, header('if-unmodified-since'))) {
    throw preconditionFailed('If-Unmodified-Since');
  }
  const since = header('if-modified-since');
  if (noneMatch !== undefined) return namesEtag(noneMatch, object.etag) ? 'not modified' : 'send';
  return since !== undefined && !Number.isNaN(Date.parse(since)) && !isAfter(object, since) ? 'not modified' : 'send';
}

/** Checks the conditions of a write against what is there; throws where it must not happen. */
export function writeCondition(request: S3Request): (current: ObjectRecord | undefined) => void {
  const [match, noneMatch] = [request.header('if-match'), request.header('if-none-match')];
  if (noneMatch !== undefined && noneMatch !== '*') throw notImplemented(`If-None-Match: ${noneMatch} on a write`);
  return (current) => {
    if (noneMatch !== undefined && current) throw preconditionFailed('If-None-Match');
    if (match === undefined) return;
    if (!current) throw noSuchKey(request.key);
    if (!namesEtag(match, current.etag)) throw preconditionFailed('If-Match');
  };
}

function namesEtag(header: string, etag: string): boolean {
  return header.split(',').some((item) => ['*', etag].includes(item.trim().replace(/^(W\/)?"(.*)"$/, '$2')));
}

/** HTTP dates know whole seconds only. */
function isAfter(object: ObjectRecord, date: string | undefined): boolean {
  return date !== undefined && Math.floor(object.modified / 1000) * 1000 > Date.parse(date);
}
