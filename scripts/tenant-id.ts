import { InvalidArgumentError } from 'commander';
import { TenantId } from '../core/ids.ts';

/** For `--tenant`. */
export function tenantId(text: string): string {
  const parsed = TenantId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It ${parsed.error.issues.map(({ message }) => message).join('; ')}.`);
}
