import { randomBytes } from 'node:crypto';

/** A token of its own for one attempt of one Task; it names the execution, so that a stale one is told from a wrong one. */
export function newTaskToken(executionArn: string): string {
  return Buffer.from(JSON.stringify([executionArn, randomBytes(18).toString('base64')])).toString('base64');
}

/** The execution that a token belongs to; `undefined` for what never was a token. */
export function executionOfToken(token: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
    return Array.isArray(parsed) && typeof parsed[0] === 'string' ? parsed[0] : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
