import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Caller } from '../aws-service.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * Gives out access keys and knows callers by them. Keys follow from role, session and a secret of the data folder: a
 * process of before a restart keeps its own identity, or is nobody, but never somebody else.
 */
export class AccessKeys {
  private readonly callers = new Map<string, Caller>();

  constructor(private readonly secret: Buffer) {}

  issue(roleArn: string, sessionName: string): Caller {
    const identity = JSON.stringify([roleArn, sessionName]);
    const accessKeyId = `AKIA${base32(this.derive('id', identity), 16)}`;
    const known = this.callers.get(accessKeyId);
    if (known) return known;
    const secretAccessKey = this.derive('secret', identity).toString('base64url').slice(0, 40);
    const caller: Caller = { accessKeyId, secretAccessKey, roleArn, sessionName };
    this.callers.set(accessKeyId, caller);
    return caller;
  }

  find(accessKeyId: string): Caller | undefined {
    return this.callers.get(accessKeyId);
  }

  private derive(what: string, identity: string): Buffer {
    return createHmac('sha256', this.secret).update(`${what}\0${identity}`).digest();
  }
}

/** Reads the secret of a data folder, or makes it (mode 0600). */
export function loadSecret(file: string): Buffer {
  try {
    return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const secret = randomBytes(32);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, secret.toString('hex'), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secret;
}

function base32(bytes: Buffer, length: number): string {
  return Array.from(bytes.subarray(0, length), (byte) => BASE32[byte % 32]).join('');
}
