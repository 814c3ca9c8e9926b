import type { Permission } from '../policy-document.ts';
import { text, texts } from './input.ts';
import type { JsonRequest } from './json-request.ts';

/** A secret's ARN ends in six random characters, which its name doesn't tell: policies write `-??????`. */
export function secretsManagerPermissions({ operation, input, arn }: JsonRequest): Permission[] {
  const action = `secretsmanager:${operation}`;
  const id = text(input.SecretId) || text(input.Name);
  if (id === '') return [{ action, resource: '*' }];
  return [{ action, resource: id.startsWith('arn:') ? id : arn('secretsmanager', `secret:${id}-??????`) }];
}

/** Parameters are named with a leading slash or without; their ARNs have one slash either way. */
export function ssmPermissions({ operation, input, arn }: JsonRequest): Permission[] {
  const action = `ssm:${operation}`;
  const names = [text(input.Name), text(input.Path), ...texts(input.Names)].filter((name) => name !== '');
  if (names.length === 0) return [{ action, resource: '*' }];
  return names.map((name) => ({ action, resource: arn('ssm', `parameter/${name.replace(/^\//, '')}`) }));
}
