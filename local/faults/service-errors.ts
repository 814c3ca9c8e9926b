import { AwsError } from '../gateway/aws-error.ts';

type ErrorFacts = readonly [code: string, status: number, message: string];

const RATE_EXCEEDED: ErrorFacts = ['ThrottlingException', 400, 'Rate exceeded'];
/** How each service says that it is asked too often, in codes that the SDK retries. */
const THROTTLES: Readonly<Record<string, ErrorFacts>> = {
  dynamodb: ['ThrottlingException', 400, 'Throughput exceeds the current capacity of your table or index.'],
  lambda: ['TooManyRequestsException', 429, 'Rate Exceeded.'],
  s3: ['SlowDown', 503, 'Please reduce your request rate.'],
  sqs: ['RequestThrottled', 400, 'The request was denied due to request throttling.'],
};

const INTERNAL: ErrorFacts = ['InternalFailure', 500, 'The request processing has failed because of an unknown error.'];
const FAILURES: Readonly<Record<string, ErrorFacts>> = {
  dynamodb: ['InternalServerError', 500, 'Internal server error'],
  ecs: ['ServerException', 500, 'These errors are usually caused by a server issue.'],
  events: ['InternalException', 500, 'This exception occurs due to unexpected causes.'],
  lambda: ['ServiceException', 500, 'The Lambda service encountered an internal error.'],
  logs: ['ServiceUnavailableException', 503, 'The service cannot complete the request.'],
  s3: ['InternalError', 500, 'We encountered an internal error. Please try again.'],
  secretsmanager: ['InternalServiceError', 500, 'An error occurred on the server side.'],
};

export function throttled(service: string): AwsError {
  return asError(THROTTLES[service] ?? RATE_EXCEEDED);
}

export function failed(service: string): AwsError {
  return asError(FAILURES[service] ?? INTERNAL);
}

function asError([code, status, message]: ErrorFacts): AwsError {
  return new AwsError(code, message, { status });
}
