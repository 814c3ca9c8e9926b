import type { AwsRequest } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';

/** Lambda's limits for a payload, in bytes: six megabytes for an answer at once, one for a queued event. */
export const MAX_SYNC_BYTES = 6 * 1024 * 1024;
const MAX_ASYNC_BYTES = 1024 * 1024;

const INVOCATION_TYPES = ['RequestResponse', 'Event', 'DryRun'] as const;

export interface InvokeRequest {
  readonly type: (typeof INVOCATION_TYPES)[number];
  /** JSON text. */
  readonly payload: string;
  readonly tail: boolean;
  readonly clientContext?: string;
}

/** Reads the headers and the payload of an `Invoke`. Throws what Lambda answers to one that is wrong. */
export async function readInvoke(request: AwsRequest): Promise<InvokeRequest> {
  const type = invocationType(request.headers['x-amz-invocation-type']);
  const payload = await readPayload(request, type === 'Event' ? MAX_ASYNC_BYTES : MAX_SYNC_BYTES, type);
  const context = request.headers['x-amz-client-context'];
  return {
    type,
    payload,
    tail: request.headers['x-amz-log-type'] === 'Tail' && type === 'RequestResponse',
    ...(typeof context === 'string' && { clientContext: checkJson(Buffer.from(context, 'base64').toString('utf8')) }),
  };
}

function invocationType(header: unknown): InvokeRequest['type'] {
  const type = INVOCATION_TYPES.find((type) => type === (header ?? 'RequestResponse'));
  if (type) return type;
  throw new AwsError('InvalidParameterValueException', `Unknown invocation type: ${String(header)}`);
}

async function readPayload(request: AwsRequest, limit: number, type: string): Promise<string> {
  const body = await request.readBody();
  if (body.length > limit) {
    throw new AwsError(
      'RequestEntityTooLargeException',
      `${body.length} byte payload is too large for the ${type} invocation type (limit ${limit} bytes)`,
      { status: 413, fields: { Type: 'User' } },
    );
  }
  return body.length === 0 ? '{}' : checkJson(body.toString('utf8'));
}

function checkJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AwsError('InvalidRequestContentException', `Could not parse request body into json: ${reason}`, {
      fields: { Type: 'User' },
      cause,
    });
  }
}
