import { AwsError } from '../../gateway/aws-error.ts';
import { pageSize, pageToken } from './invalid.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string;
}

const LONGEST_TOKEN = 3096;
/** Of ListStateMachines alone. */
export const LONGEST_STATE_MACHINES_TOKEN = 1024;

/**
 * One page of a list, from where the token of the page before says. The token counts from the list's fixed end, so
 * that what is added meanwhile moves nothing.
 * @param of what is listed; a token is good for that alone
 */
export function pageOf<T>(
  all: readonly T[],
  input: Readonly<Record<string, unknown>>,
  of: string,
  growsAt: 'start' | 'end',
  longestToken = LONGEST_TOKEN,
): Page<T> {
  const size = pageSize(input);
  const token = pageToken(input, longestToken);
  const position = token === undefined ? 0 : readToken(token, of);
  const start = token === undefined || growsAt === 'end' ? position : all.length - position;
  const items = all.slice(start, start + size);
  const rest = start + size;
  if (rest >= all.length) return { items };
  return { items, nextToken: writeToken(growsAt === 'end' ? rest : all.length - rest, of) };
}

function writeToken(position: number, of: string): string {
  return Buffer.from(JSON.stringify({ position, of })).toString('base64');
}

function readToken(token: string, of: string): number {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
  } catch (cause) {
    throw invalidToken(token, cause);
  }
  const { position, of: owner } = (parsed ?? {}) as { position?: unknown; of?: unknown };
  if (typeof position !== 'number' || !Number.isInteger(position) || owner !== of) throw invalidToken(token);
  return position;
}

function invalidToken(token: string, cause?: unknown): AwsError {
  return new AwsError('InvalidToken', `Invalid Token: '${token}'`, { cause });
}
