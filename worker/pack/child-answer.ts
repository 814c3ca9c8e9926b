import { Socket } from 'node:net';
import type { z } from 'zod';
import { outputOfChild } from './child-output.ts';
import { PACK_LINES_FD } from './packed-file.ts';
import type { WorkspaceChild } from './running-child.ts';

/** What a child has to say, as JSON on its standard output; on descriptor 3 it says that this is whole. */
export async function answer(value: unknown): Promise<void> {
  await new Promise((resolve) => process.stdout.write(JSON.stringify(value), resolve));
  const lines = new Socket({ fd: PACK_LINES_FD, readable: false, writable: true });
  lines.end(`${JSON.stringify({ end: true })}\n`);
}

/** A child's answer. Throws where it fails, takes too long, or answers what the schema does not know. */
export async function answerOf<T>(child: WorkspaceChild, schema: z.ZodType<T>): Promise<T> {
  const parts: Buffer[] = [];
  for await (const part of outputOfChild(child)) parts.push(part);
  return schema.parse(JSON.parse(Buffer.concat(parts).toString('utf8')));
}
