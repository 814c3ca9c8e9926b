import { BATCH, type DeadLetter, type DeadLetterQueue } from './dead-letter-queue.ts';

/** Hands an event to the function, asynchronously. Rejects where Lambda does not take it. */
export type Invoke = (body: string) => Promise<void>;

export interface SendBackOptions {
  /** Letters at most. */
  readonly limit: number;
  /** The id of the one letter that is meant. @default all */
  readonly only?: string | undefined;
  /** Letters of this time or later stay: they have come since, perhaps of what was just sent back. */
  readonly before: Date;
  readonly show: (accepted: number) => void;
}

export interface Refusal {
  readonly letter: DeadLetter;
  readonly error: unknown;
}

export interface SentBack {
  readonly accepted: number;
  /** What Lambda did not take; it is in the queue as before. */
  readonly refused: readonly Refusal[];
}

/**
 * Hands the events in a dead-letter queue to their function once more. One is deleted only once Lambda has accepted it, so
 * none is lost; a function may be handed one twice, as it may be by Lambda itself. Gives up where ten in a row are not.
 */
export async function sendBack(queue: DeadLetterQueue, invoke: Invoke, options: SendBackOptions): Promise<SentBack> {
  const run = new Run(queue, invoke, options);
  try {
    while (await run.nextBatch());
  } finally {
    await queue.release([...run.held.values()]);
  }
  return { accepted: run.accepted, refused: run.refused };
}

class Run {
  accepted = 0;
  readonly refused: Refusal[] = [];
  /** Letters that stay, by their ids: released at the end, because they would be received again and again. */
  readonly held = new Map<string, DeadLetter>();

  private refusedInARow = 0;

  constructor(
    private readonly queue: DeadLetterQueue,
    private readonly invoke: Invoke,
    private readonly options: SendBackOptions,
  ) {}

  /** Returns whether there may be another. */
  async nextBatch(): Promise<boolean> {
    const { limit, only, before, show } = this.options;
    const letters = await this.queue.receive(Math.min(BATCH, limit - this.accepted));
    const fresh = letters.filter(({ messageId }) => !this.held.has(messageId));
    // What is received once more has another receipt handle, and the one of before is worth nothing.
    for (const letter of letters) this.held.set(letter.messageId, letter);
    const meant = fresh.filter(({ messageId }) => only === undefined || messageId === only);
    await Promise.all(meant.filter(({ sentAt }) => sentAt < before).map((letter) => this.redrive(letter)));
    show(this.accepted);
    return fresh.length > 0 && this.accepted < limit && this.refusedInARow < BATCH;
  }

  private async redrive(letter: DeadLetter): Promise<void> {
    try {
      await this.invoke(letter.body);
    } catch (error) {
      this.refused.push({ letter, error });
      this.refusedInARow++;
      return;
    }
    this.refusedInARow = 0;
    await this.queue.delete(letter);
    this.held.delete(letter.messageId);
    this.accepted++;
  }
}
