import { z } from 'zod';
import { wordsOf } from './error-words.ts';
import { PATIENCE_MS, type Patience, patiently } from './patiently.ts';

const TaskMetadata = z.object({ TaskARN: z.string().min(1) });

const ANSWER_MS = 5_000;

/**
 * The ARN of the ECS task that this container belongs to, from the task metadata endpoint, version 4. Right after the
 * start of a container the endpoint may not answer yet, so it is asked again; then the last error is thrown.
 */
export async function fetchTaskArn(metadataUri: string, patience: Partial<Patience> = {}): Promise<string> {
  try {
    return await patiently(() => askTaskArn(metadataUri), { forMs: PATIENCE_MS, ...patience });
  } catch (cause) {
    throw new Error(`The ECS task metadata cannot be read: ${wordsOf(cause)}`, { cause });
  }
}

async function askTaskArn(metadataUri: string): Promise<string> {
  const answer = await fetch(`${metadataUri}/task`, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok) throw new Error(`the endpoint answers ${answer.status}`);
  return TaskMetadata.parse(await answer.json()).TaskARN;
}
