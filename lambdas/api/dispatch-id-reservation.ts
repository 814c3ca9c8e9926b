import { setTimeout as wait } from 'node:timers/promises';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ApiError } from './api-error.ts';
import type { ApiCollaborators, Reservation } from './collaborators.ts';

/** Seconds that an `Idempotency-Key` is remembered. */
const KEY_SECONDS = 24 * 60 * 60;

/** Reserving takes two writes: a twin that is at it is done within moments, or its function has died. */
const TRIES = 10;
const TRY_EVERY_MS = 100;

export interface ReservationOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly newId: () => string;
}

/**
 * Reserves one dispatch id for (tenant, key, request), and nothing else: every later step is put-if-absent by that id, so
 * a request that broke off half-way is completed by its repetition.
 */
export function dispatchIdReservation({ client, tableName, newId }: ReservationOptions): ApiCollaborators['reserveId'] {
  const reserve = makeIdempotent(async (_reservation: Reservation, _context: unknown) => ({ dispatchId: newId() }), {
    keyPrefix: 'dispatch',
    persistenceStore: new DynamoDBPersistenceLayer({ tableName, awsSdkV3Client: client }),
    config: new IdempotencyConfig({
      eventKeyJmesPath: '[tenantId, key]',
      payloadValidationJmesPath: 'request',
      hashFunction: 'sha256',
      expiresAfterSeconds: KEY_SECONDS,
      throwOnNoIdempotencyKey: true,
    }),
  });
  return async (reservation, context) => {
    for (let tries = 1; ; tries++) {
      try {
        return (await reserve(reservation, context)).dispatchId;
      } catch (error) {
        const name = error instanceof Error ? error.name : '';
        if (name === 'IdempotencyValidationError') throw conflict();
        if (name !== 'IdempotencyAlreadyInProgressError') throw error;
        if (tries === TRIES) throw inProgress();
        await wait(TRY_EVERY_MS);
      }
    }
  };
}

function conflict(): ApiError {
  return new ApiError('IDEMPOTENCY_CONFLICT', 'This Idempotency-Key was used for another request.');
}

function inProgress(): ApiError {
  const message = 'A request with this Idempotency-Key is under way. Try again in a moment.';
  return new ApiError('IDEMPOTENCY_IN_PROGRESS', message, undefined, { 'Retry-After': '5' });
}
