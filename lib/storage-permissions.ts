import { DISPATCH_INDEXES } from '../core/table-indexes.ts';
import type { Permission } from './allow.ts';
import type { Storage } from './storage.ts';

const FOLDERS = 'One role serves every dispatch, and each has its own folder.';

export function readRecords({ dispatches }: Storage): Permission {
  return { actions: ['dynamodb:GetItem'], resources: [dispatches.tableArn] };
}

/** Through these indexes. */
export function findRecords({ dispatches }: Storage, ...indexes: (keyof typeof DISPATCH_INDEXES)[]): Permission {
  return {
    actions: ['dynamodb:Query'],
    resources: indexes.map((index) => `${dispatches.tableArn}/index/${DISPATCH_INDEXES[index].indexName}`),
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

export function readAndChangeSlots({ pool }: Storage): Permission {
  return { actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], resources: [pool.tableArn] };
}

/** The sweep's own item. */
export function keepNotes({ pool }: Storage): Permission {
  return { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], resources: [pool.tableArn] };
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

/** Takes a place, if the tenant has one, or frees it. */
export function takePlaces({ tenants }: Storage): Permission {
  return { actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], resources: [tenants.tableArn] };
}

/** Reads who holds places, and frees them. */
export function sweepPlaces({ tenants }: Storage): Permission {
  return { actions: ['dynamodb:Scan', 'dynamodb:UpdateItem'], resources: [tenants.tableArn] };
}

/** S3 answers a missing key with 403 and not 404 where the caller may not list the bucket. */
export function readOutput({ artifacts }: Storage): Permission[] {
  return [
    { actions: ['s3:GetObject'], resources: [artifacts.arnForObjects('dispatches/*')], wildcard: FOLDERS },
    { actions: ['s3:ListBucket'], resources: [artifacts.bucketArn] },
  ];
}

/** Puts the manifest of an attempt whose worker left nothing but checkpoints. */
export function presentCheckpoint({ artifacts }: Storage): Permission {
  return {
    actions: ['s3:PutObject'],
    resources: [artifacts.arnForObjects('dispatches/*/manifest.json')],
    wildcard: FOLDERS,
  };
}

/** Puts the spec of a dispatch, or copies it onto itself; whether it is gone is told to who may list, as above. */
export function keepSpec({ context }: Storage): Permission[] {
  return [
    {
      actions: ['s3:GetObject', 's3:PutObject'],
      resources: [context.arnForObjects('dispatches/*')],
      wildcard: FOLDERS,
    },
    { actions: ['s3:ListBucket'], resources: [context.bucketArn] },
  ];
}
