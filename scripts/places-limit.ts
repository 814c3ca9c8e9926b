import { InvalidArgumentError } from 'commander';
import { MAX_CONCURRENT } from '../core/tenant.ts';

/** For `--max-concurrent`. */
export function placesLimit(text: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) <= MAX_CONCURRENT) return Number(text);
  throw new InvalidArgumentError(`It takes a whole number from 0 to ${MAX_CONCURRENT}.`);
}
