import { AwsError } from '../../gateway/aws-error.ts';

/** What the Step Functions API answers to parameters that break its model. */
export function validationError(constraint: string): AwsError {
  return new AwsError('ValidationException', `1 validation error detected: ${constraint}`);
}

/** @throws AwsError unless the parameter is text */
export function requiredText(input: Readonly<Record<string, unknown>>, name: string): string {
  const value = input[name];
  if (typeof value === 'string') return value;
  throw validationError(`Value at '${name}' failed to satisfy constraint: Member must not be null`);
}

export function optionalText(input: Readonly<Record<string, unknown>>, name: string, most: number): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value.length <= most) return value;
  throw validationError(
    `Value at '${name}' failed to satisfy constraint: Member must have length less than or equal to ${most}`,
  );
}

/** The token of the page before. AWS quotes one of the wrong length, unlike an execution's input, error and cause. */
export function pageToken(input: Readonly<Record<string, unknown>>, longest: number): string | undefined {
  const token = input['nextToken'];
  if (token === undefined || token === null) return undefined;
  if (typeof token === 'string' && token.length > 0 && token.length <= longest) return token;
  const bound = token === '' ? 'greater than or equal to 1' : `less than or equal to ${longest}`;
  throw validationError(
    `Value '${token}' at 'nextToken' failed to satisfy constraint: Member must have length ${bound}`,
  );
}

/** An ARN of Step Functions. @throws AwsError `InvalidArn` */
export function requiredArn(input: Readonly<Record<string, unknown>>, name: string): string {
  const arn = requiredText(input, name);
  if (!arn.startsWith('arn:')) throw new AwsError('InvalidArn', `Invalid Arn: 'Invalid ARN prefix: ${arn}'`);
  return arn;
}

/** `maxResults` of the lists: 1 to 1,000, and 100 where it is left out or 0. */
export function pageSize(input: Readonly<Record<string, unknown>>): number {
  const value = input['maxResults'];
  if (value === undefined || value === null || value === 0) return 100;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 1000) return value;
  throw validationError(
    `Value '${value}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000`,
  );
}
