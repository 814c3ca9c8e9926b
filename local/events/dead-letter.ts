import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import { attributeText } from '../queue-sender.ts';

const MAX_MESSAGE_BYTES = 1024;

/** Why EventBridge stopped trying, where it was its retry policy. */
export type RetryCondition = 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds';

/** What there is to say about an event that a target never took. */
export interface LostDelivery {
  readonly ruleArn: string;
  readonly targetArn: string;
  readonly error: unknown;
  /** How often it was tried again. */
  readonly retries: number;
  readonly exhausted?: RetryCondition;
}

/** By the name of the SDK's error: the code that EventBridge documents for it. */
const ERROR_CODES: Readonly<Record<string, string>> = {
  AccessDeniedException: 'NO_PERMISSIONS',
  AccessDenied: 'NO_PERMISSIONS',
  ResourceNotFoundException: 'NO_RESOURCE',
  QueueDoesNotExist: 'NO_RESOURCE',
  TooManyRequestsException: 'THROTTLING',
  RequestThrottled: 'THROTTLING',
  RequestEntityTooLargeException: 'INVALID_PARAMETER',
  InvalidParameterValue: 'INVALID_PARAMETER',
  InvalidRequestContentException: 'INVALID_JSON',
  TimeoutError: 'TIMEOUT',
};

/** The message attributes of "Using dead-letter queues to process undelivered events in EventBridge". */
export function deadLetterAttributes(lost: LostDelivery): Record<string, MessageAttributeValue> {
  return {
    RULE_ARN: text(lost.ruleArn),
    TARGET_ARN: text(lost.targetArn),
    ERROR_CODE: text(errorCode(lost.error)),
    ERROR_MESSAGE: text(attributeText(errorMessage(lost.error), MAX_MESSAGE_BYTES)),
    RETRY_ATTEMPTS: text(String(lost.retries)),
    ...(lost.exhausted && { EXHAUSTED_RETRY_CONDITION: text(lost.exhausted) }),
  };
}

function errorMessage(error: unknown): string {
  return (error instanceof Error && error.message) || String(error);
}

function errorCode(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  const known = Object.hasOwn(ERROR_CODES, name) ? ERROR_CODES[name] : undefined;
  return known ?? (isAnswer(error) ? 'ERROR_FROM_TARGET' : 'CONNECTION_FAILURE');
}

/** Whether the target answered at all. */
function isAnswer(error: unknown): boolean {
  if (!(error instanceof Error) || !('$metadata' in error)) return false;
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode !== undefined;
}

function text(StringValue: string): MessageAttributeValue {
  return { DataType: 'String', StringValue };
}
