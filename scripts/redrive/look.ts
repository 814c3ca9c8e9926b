import { BATCH, type DeadLetter, type DeadLetterQueue } from './dead-letter-queue.ts';

/** Shows at most so many letters, and leaves all of them in the queue. Returns how many it has shown. */
export async function look(queue: DeadLetterQueue, most: number, show: (letter: DeadLetter) => void): Promise<number> {
  const seen = new Map<string, DeadLetter>();
  try {
    while (seen.size < most) {
      const letters = await queue.receive(Math.min(BATCH, most - seen.size));
      const fresh = letters.filter(({ messageId }) => !seen.has(messageId));
      for (const letter of letters) seen.set(letter.messageId, letter);
      fresh.forEach(show);
      if (fresh.length === 0) break;
    }
  } finally {
    await queue.release([...seen.values()]);
  }
  return seen.size;
}
