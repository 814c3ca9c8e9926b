import type { AwsResponse } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import type { Bucket } from './bucket.ts';
import { weighRead } from './conditions.ts';
import type { ByteRange } from './data-files.ts';
import { describeChecksum, describeObject } from './object-headers.ts';
import type { ObjectRecord } from './records.ts';
import { noSuchKey } from './s3-error.ts';
import { allowParams, type S3Request } from './s3-request.ts';

const OVERRIDES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** GET and HEAD of an object: conditions, range, checksum mode, and the header overrides of presigned URLs. */
export function readObject(request: S3Request, bucket: Bucket): AwsResponse {
  allowParams(request);
  const object = bucket.objects.get(request.key);
  if (!object) throw noSuchKey(request.key);
  const described = { ...describeObject(object), ...overrides(request) };
  if (weighRead(request, object) === 'not modified') return { status: 304, headers: notModified(described) };
  const range = requestedRange(request, object);
  const whole = { start: 0, end: object.size };
  const { start, end } = range ?? whole;
  const headers = {
    ...described,
    ...(request.header('x-amz-checksum-mode') === 'ENABLED' && end - start === object.size
      ? describeChecksum(object)
      : {}),
    ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${object.size}` } : {}),
    'content-length': String(end - start),
  };
  const status = range ? 206 : 200;
  if (request.method === 'HEAD') return { status, headers };
  return { status, headers, body: bucket.data.read(object.files, range ?? whole) };
}

/** The one range that is asked for; `undefined` for the whole, which is also what S3 sends for several ranges. */
function requestedRange(request: S3Request, object: ObjectRecord): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(request.header('range') ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const ifRange = request.header('if-range');
  if (ifRange !== undefined && ifRange !== `"${object.etag}"`) return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const start = first === '' ? Math.max(object.size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? object.size : Math.min(Number(last) + 1, object.size);
  if (start < end) return { start, end };
  const fields = { RangeRequested: request.header('range'), ActualObjectSize: object.size };
  throw new AwsError('InvalidRange', 'The requested range is not satisfiable', { status: 416, fields });
}

function overrides(request: S3Request): Record<string, string> {
  const given = OVERRIDES.map((name): [string, string | undefined] => [name, request.params.get(`response-${name}`)]);
  const pairs = given.filter((pair): pair is [string, string] => pair[1] !== undefined);
  for (const [name, value] of pairs) {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw new AwsError('InvalidArgument', `response-${name} is not a header value.`);
    }
  }
  return Object.fromEntries(pairs);
}

function notModified(headers: Readonly<Record<string, string>>): Record<string, string> {
  const names = ['etag', 'last-modified', 'cache-control', 'expires'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));
}
