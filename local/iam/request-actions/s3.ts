import type { AwsRequest } from '../../aws-service.ts';
import { AwsError } from '../../gateway/aws-error.ts';
import { readRequest } from '../../s3/s3-request.ts';
import type { Permission } from '../policy-document.ts';

/** What a request to a bucket is called where the query names a part of the bucket, by method. */
const BUCKET_PARTS: Readonly<Record<string, string>> = {
  'GET location': 's3:GetBucketLocation',
  'GET uploads': 's3:ListBucketMultipartUploads',
  'GET versions': 's3:ListBucketVersions',
};
const OBJECT_PARTS: Readonly<Record<string, string>> = {
  'GET uploadId': 's3:ListMultipartUploadParts',
  'GET attributes': 's3:GetObjectAttributes',
  'GET tagging': 's3:GetObjectTagging',
  'GET acl': 's3:GetObjectAcl',
  'PUT tagging': 's3:PutObjectTagging',
  'PUT acl': 's3:PutObjectAcl',
  'DELETE tagging': 's3:DeleteObjectTagging',
  'DELETE uploadId': 's3:AbortMultipartUpload',
};
const BUCKET_ACTIONS: Readonly<Record<string, string>> = {
  GET: 's3:ListBucket',
  HEAD: 's3:ListBucket',
  PUT: 's3:CreateBucket',
  DELETE: 's3:DeleteBucket',
};
const OBJECT_ACTIONS: Readonly<Record<string, string>> = {
  GET: 's3:GetObject',
  HEAD: 's3:GetObject',
  PUT: 's3:PutObject',
  POST: 's3:PutObject',
  DELETE: 's3:DeleteObject',
};

/** From path, query and headers alone: a body of S3 is read once. */
export function s3Permissions(request: AwsRequest): Permission[] {
  const { method, bucket, key, params, header } = readRequest(request);
  if (bucket === '') return [{ action: 's3:ListAllMyBuckets', resource: '*' }];
  if (key === '') return bucketPermissions(method, bucket, params);
  const action = part(OBJECT_PARTS, method, params) ?? OBJECT_ACTIONS[method] ?? `s3:${method}`;
  const permissions = [{ action, resource: objectArn(bucket, key) }];
  const source = header('x-amz-copy-source');
  if (source !== undefined) permissions.push({ action: 's3:GetObject', resource: `arn:aws:s3:::${copied(source)}` });
  if (header('x-amz-tagging') !== undefined) {
    permissions.push({ action: 's3:PutObjectTagging', resource: objectArn(bucket, key) });
  }
  return permissions;
}

/** S3 says that an object is missing only to who may list its bucket. */
export function s3ListPermission(request: AwsRequest): Permission | undefined {
  const { method, bucket, header } = readRequest(request);
  const source = header('x-amz-copy-source');
  if (source === undefined && method !== 'GET' && method !== 'HEAD') return undefined;
  const [from] = source === undefined ? [bucket] : copied(source).split('/');
  return { action: 's3:ListBucket', resource: `arn:aws:s3:::${from}` };
}

function bucketPermissions(method: string, bucket: string, params: ReadonlyMap<string, string>): Permission[] {
  // Which keys are to be deleted stands in the body: the permission must reach the whole bucket.
  if (method === 'POST' && params.has('delete')) {
    return [{ action: 's3:DeleteObject', resource: objectArn(bucket, '*') }];
  }
  const action = part(BUCKET_PARTS, method, params) ?? BUCKET_ACTIONS[method] ?? `s3:${method}Bucket`;
  const prefix = params.get('prefix');
  const context = prefix === undefined ? {} : { 's3:prefix': [prefix] };
  return [{ action, resource: `arn:aws:s3:::${bucket}`, context }];
}

function part(
  parts: Readonly<Record<string, string>>,
  method: string,
  params: ReadonlyMap<string, string>,
): string | undefined {
  const name = [...params.keys()].find((param) => Object.hasOwn(parts, `${method} ${param}`));
  return name === undefined ? undefined : parts[`${method} ${name}`];
}

/** `bucket/key` of a copy's source, which is written with a leading slash or without, and percent-encoded. */
function copied(source: string): string {
  const [path = ''] = source.split('?');
  try {
    return decodeURIComponent(path).replace(/^\//, '');
  } catch (cause) {
    throw new AwsError('InvalidArgument', 'x-amz-copy-source is not percent-encoded as it should be.', { cause });
  }
}

function objectArn(bucket: string, key: string): string {
  return `arn:aws:s3:::${bucket}/${key}`;
}
