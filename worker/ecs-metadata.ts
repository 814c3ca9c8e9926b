import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const TaskMetadata = z.object({ TaskARN: z.string().min(1) });

const TRIES = 4;
const PATIENCE_MS = 2_000;

/**
 * The ARN of the ECS task that this container belongs to, from the task metadata endpoint, version 4. Right after the
 * start of a container the endpoint may not answer yet, so it is asked again; then the last error is thrown.
 */
export async function fetchTaskArn(metadataUri: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await askTaskArn(metadataUri);
    } catch (error) {
      if (attempt === TRIES)
        throw new Error(`The ECS task metadata cannot be read: ${describe(error)}`, { cause: error });
      await delay(250 * attempt);
    }
  }
}

async function askTaskArn(metadataUri: string): Promise<string> {
  const answer = await fetch(`${metadataUri}/task`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`the endpoint answers ${answer.status}`);
  return TaskMetadata.parse(await answer.json()).TaskARN;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
