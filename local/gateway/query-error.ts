import type { AwsResponse } from '../aws-service.ts';

/** SQS's errors whose name in its older protocol is another one. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  QueueDoesNotExist: 'NonExistentQueue',
  AccessDeniedException: 'AccessDenied',
};
/** Those that begin with the service's name there. */
const OF_SQS: ReadonlySet<string> = new Set([
  ...['BatchEntryIdsNotDistinct', 'BatchRequestTooLong', 'EmptyBatchRequest', 'InvalidBatchEntryId'],
  ...['MessageNotInflight', 'PurgeQueueInProgress', 'TooManyEntriesInBatchRequest', 'UnsupportedOperation'],
  'QueueDoesNotExist',
]);

/**
 * Adds to an error what it is called in the query protocol that SQS spoke before, and whose fault it is. The SDK makes
 * it the error's `Code`, and the `name` of an error that SQS's model does not have, such as `AccessDenied`.
 */
export function withQueryError(response: AwsResponse): AwsResponse {
  const code = response.headers?.['x-amzn-errortype'];
  if (code === undefined) return response;
  const name = Object.hasOwn(OTHER_NAMES, code) ? OTHER_NAMES[code] : code;
  const fault = response.status < 500 ? 'Sender' : 'Receiver';
  const inQuery = `${OF_SQS.has(code) ? 'AWS.SimpleQueueService.' : ''}${name};${fault}`;
  return { ...response, headers: { ...response.headers, 'x-amzn-query-error': inQuery } };
}
