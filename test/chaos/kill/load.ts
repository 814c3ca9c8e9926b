import type { EmbeddedProcess, KillableAws } from '../killable-aws.ts';

/** Clients that write until the embedded AWS is killed, and know afterwards what it must hold. */
export interface Load {
  /** Writes until the connection is gone; resolves to how many writes of each kind were acknowledged. */
  run(aws: KillableAws, round: number): Promise<Readonly<Record<string, number>>>;
  /** One line for each thing that isn't as it was acknowledged. */
  faults(aws: EmbeddedProcess): Promise<string[]>;
}

/**
 * Whether a write was acknowledged; `false` where the kill broke the connection, so that it may have been done or not.
 * @throws what an AWS that is alive fails it with
 */
export async function isAcknowledged(aws: KillableAws, writing: Promise<unknown>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    const wasRefused = status !== undefined && status >= 300;
    if (wasRefused || !aws.isKilled()) throw error;
    return false;
  }
}
