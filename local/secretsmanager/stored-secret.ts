import { createHash } from 'node:crypto';

const SUFFIX_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** One secret, with the only version that there is of it. */
export interface StoredSecret {
  readonly name: string;
  readonly value: string;
  readonly arn: string;
  readonly versionId: string;
  /** Seconds since the epoch. */
  readonly changedAt: number;
}

/** @param base `arn:aws:secretsmanager:<region>:<account>:secret:` */
export function storedSecret(base: string, name: string, value: string, changedAtMs: number): StoredSecret {
  const arn = `${base}${name}-${suffixOf(name)}`;
  return { name, value, arn, versionId: versionOf(name, value), changedAt: changedAtMs / 1000 };
}

/** The six characters that Secrets Manager draws at random: here the same for the same name, over restarts. */
function suffixOf(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 6);
  return [...bytes].map((byte) => SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length]).join('');
}

/** Looks like the UUID that AWS gives, and changes with the value. */
function versionOf(name: string, value: string): string {
  const hex = createHash('sha256').update(`${name}\0${value}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
