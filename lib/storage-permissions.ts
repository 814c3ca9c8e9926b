import type { Permission } from './allow.ts';
import type { Storage } from './storage.ts';

const FOLDERS = 'One role serves every dispatch, and each has its own folder.';

export function readRecords({ dispatches }: Storage): Permission {
  return { actions: ['dynamodb:GetItem'], resources: [dispatches.tableArn] };
}

export function changeRecords({ dispatches }: Storage): Permission {
  return { actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], resources: [dispatches.tableArn] };
}

/** Frees an attempt's place among the tenant's living ones. */
export function changePlaces({ tenants }: Storage): Permission {
  return { actions: ['dynamodb:UpdateItem'], resources: [tenants.tableArn] };
}

/** S3 answers a missing key with 403 and not 404 where the caller may not list the bucket. */
export function readOutput({ artifacts }: Storage): Permission[] {
  return [
    { actions: ['s3:GetObject'], resources: [artifacts.arnForObjects('dispatches/*')], wildcard: FOLDERS },
    { actions: ['s3:ListBucket'], resources: [artifacts.bucketArn] },
  ];
}

/** The spec of a dispatch, put if absent. */
export function writeSpec({ context }: Storage): Permission {
  return { actions: ['s3:PutObject'], resources: [context.arnForObjects('dispatches/*')], wildcard: FOLDERS };
}
