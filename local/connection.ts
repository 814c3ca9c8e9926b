import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** The person at this machine, to the embedded AWS: may do everything there. */
export const Operator = z.object({
  /** For `AWS_ENDPOINT_URL`. */
  endpoint: z.url(),
  region: z.string().min(1),
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
});
export type Operator = z.infer<typeof Operator>;

/** How a client reaches Outpost, and its operator the AWS below: the content of `connection.json`. */
export const Connection = z.object({
  baseUrl: z.url(),
  apiKey: z.string().min(1),
  tenantId: z.string().min(1),
  aws: Operator,
});
export type Connection = z.infer<typeof Connection>;

/** The file is there while an embedded AWS serves from this data folder. */
export function connectionFile(folder: string): string {
  return join(folder, 'connection.json');
}

/** @throws Error that says what to do where nothing serves from this folder */
export function readConnection(folder: string): Connection {
  const file = connectionFile(folder);
  try {
    return Connection.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isMissing ? 'is not there' : 'cannot be read as one';
    throw new Error(`${file} ${why}. Start Outpost on it first: npm start -- --data ${folder}`, { cause });
  }
}
