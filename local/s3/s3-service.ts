import { join } from 'node:path';
import type { AwsResponse, AwsService, LocalAws } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { Bucket } from './bucket.ts';
import { bucketValues, readBucket, readBucketPolicy } from './bucket-resources.ts';
import { completeMultipartUpload } from './complete-multipart.ts';
import { listObjectsV1, listObjectsV2 } from './list-objects.ts';
import { listMultipartUploads, listParts } from './list-uploads.ts';
import { abortMultipartUpload, createMultipartUpload, uploadPart, uploadPartCopy } from './multipart.ts';
import { readObject } from './read-object.ts';
import { noSuchBucket, notImplemented } from './s3-error.ts';
import { allowParams, readRequest, type S3Request } from './s3-request.ts';
import { xmlResponse } from './s3-xml.ts';
import { copyObject, deleteObject, deleteObjects, putObject } from './write-object.ts';

export interface S3Options {
  /** The stack that generated bucket names begin with. @default outpost */
  readonly stack?: string;
}

/** S3, path style: the buckets of the template, their objects in the service's folder. */
export async function createS3(aws: LocalAws, options: S3Options = {}): Promise<AwsService> {
  const buckets = new Map<string, Bucket>();
  return {
    signingName: 's3',
    resources: {
      'AWS::S3::Bucket': (resource) => {
        const { name, encryption } = readBucket(resource, options.stack ?? 'outpost');
        const bucket = buckets.get(name) ?? new Bucket(name, join(aws.folder('s3'), name), (line) => aws.log(line));
        bucket.encryption = encryption;
        buckets.set(name, bucket);
        return bucketValues(name, aws);
      },
      'AWS::S3::BucketPolicy': readBucketPolicy,
    },
    handle: async (request) => answer(readRequest(request), buckets, aws),
    close: async () => {
      for (const bucket of buckets.values()) bucket.close();
      buckets.clear();
    },
  };
}

type BucketOf = (name: string) => Bucket;

async function answer(request: S3Request, buckets: ReadonlyMap<string, Bucket>, aws: LocalAws): Promise<AwsResponse> {
  const bucketOf = (name: string): Bucket => buckets.get(name) ?? missing(name);
  if (request.bucket === '') return listBuckets(request, buckets);
  const bucket = bucketOf(request.bucket);
  const owner = request.header('x-amz-expected-bucket-owner');
  if (owner !== undefined && owner !== aws.accountId)
    throw new AwsError('AccessDenied', 'Access Denied', { status: 403 });
  return request.key === '' ? onBucket(request, bucket, aws) : onObject(request, bucket, bucketOf);
}

async function onBucket(request: S3Request, bucket: Bucket, aws: LocalAws): Promise<AwsResponse> {
  const has = (name: string) => request.params.has(name);
  switch (request.method) {
    case 'HEAD':
      return { status: 200, headers: { 'x-amz-bucket-region': aws.region } };
    case 'GET':
      if (has('location')) return xmlResponse('LocationConstraint', aws.region === 'us-east-1' ? '' : aws.region);
      if (has('uploads')) return listMultipartUploads(request, bucket);
      return request.params.get('list-type') === '2' ? listObjectsV2(request, bucket) : listObjectsV1(request, bucket);
    case 'POST':
      if (has('delete')) return deleteObjects(request, bucket);
      throw notImplemented('POST of a form');
    case 'PUT':
    case 'DELETE':
      throw notImplemented('buckets are made and configured by the template alone');
    default:
      throw methodNotAllowed(request);
  }
}

async function onObject(request: S3Request, bucket: Bucket, bucketOf: BucketOf): Promise<AwsResponse> {
  const ofUpload = request.params.has('uploadId');
  switch (request.method) {
    case 'GET':
      return ofUpload ? listParts(request, bucket) : readObject(request, bucket);
    case 'HEAD':
      return readObject(request, bucket);
    case 'PUT':
      return putOnObject(request, bucket, bucketOf, ofUpload);
    case 'POST':
      return ofUpload ? completeMultipartUpload(request, bucket) : createMultipartUpload(request, bucket);
    case 'DELETE':
      return ofUpload ? abortMultipartUpload(request, bucket) : deleteObject(request, bucket);
    default:
      throw methodNotAllowed(request);
  }
}

function putOnObject(request: S3Request, bucket: Bucket, bucketOf: BucketOf, ofUpload: boolean): Promise<AwsResponse> {
  const isCopy = request.header('x-amz-copy-source') !== undefined;
  if (ofUpload) return isCopy ? uploadPartCopy(request, bucket, bucketOf) : uploadPart(request, bucket);
  return isCopy ? copyObject(request, bucket, bucketOf) : putObject(request, bucket);
}

function listBuckets(request: S3Request, buckets: ReadonlyMap<string, Bucket>): AwsResponse {
  if (request.method !== 'GET') throw methodNotAllowed(request);
  allowParams(request);
  const sorted = [...buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return xmlResponse('ListAllMyBucketsResult', {
    Owner: { ID: request.aws.caller.roleArn },
    Buckets: {
      Bucket: sorted.map(({ name, created }) => ({ Name: name, CreationDate: new Date(created).toISOString() })),
    },
  });
}

function methodNotAllowed({ method }: S3Request): AwsError {
  const message = 'The specified method is not allowed against this resource.';
  return new AwsError('MethodNotAllowed', message, { status: 405, fields: { Method: method } });
}

function missing(name: string): never {
  throw noSuchBucket(name);
}
