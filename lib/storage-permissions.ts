import { DISPATCH_INDEXES } from '../core/table-indexes.ts';
import type { Permission } from './allow.ts';
import type { Storage } from './storage.ts';

const FOLDERS = 'One role serves every dispatch, and each has its own folder.';

export function readRecords({ dispatches }: Storage): Permission {
  return { actions: ['dynamodb:GetItem'], resources: [dispatches.tableArn] };
}

/** By status, the newest first. */
export function findRecords({ dispatches }: Storage): Permission {
  return {
    actions: ['dynamodb:Query'],
    resources: [`${dispatches.tableArn}/index/${DISPATCH_INDEXES.byStatus.indexName}`],
  };
}

export function changeRecords({ dispatches }: Storage): Permission {
  return { actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], resources: [dispatches.tableArn] };
}

export function readSlots({ pool }: Storage): Permission {
  return { actions: ['dynamodb:GetItem'], resources: [pool.tableArn] };
}

/** The slots of an agent. */
export function findSlots({ pool }: Storage): Permission {
  return { actions: ['dynamodb:Query'], resources: [pool.tableArn] };
}

export function changeSlots({ pool }: Storage): Permission {
  return { actions: ['dynamodb:UpdateItem'], resources: [pool.tableArn] };
}

/** Makes, changes and buries slots. */
export function managePool({ pool }: Storage): Permission {
  return {
    actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:Query'],
    resources: [pool.tableArn],
  };
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
