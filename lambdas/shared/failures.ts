/** Some of many things failed: what could be done has been done. */
export class PartlyFailedError extends AggregateError {
  override readonly name = 'PartlyFailedError';

  /** @param what failed, as a sentence without its full stop */
  constructor(what: string, errors: readonly unknown[]) {
    super(errors, `${what}: ${errors.map(wordsOf).join('; ')}`);
  }
}

/** Lets one thing fail without the others, and keeps what failed. */
export class Failures {
  readonly errors: unknown[] = [];

  /** @param what it means if any fail, as a sentence without its full stop: `Not all could be swept` */
  constructor(private readonly what: string) {}

  /** Resolves to nothing where the work fails. */
  async keep<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.errors.push(error);
      return undefined;
    }
  }

  /** Works on all at once; the answers of those that did not fail. */
  async keepAll<Item, T>(items: readonly Item[], work: (item: Item) => Promise<T>): Promise<T[]> {
    const answers = await Promise.all(items.map((item) => this.keep(async () => ({ answer: await work(item) }))));
    return answers.flatMap((one) => (one ? [one.answer] : []));
  }

  throwIfAny(): void {
    if (this.errors.length > 0) throw new PartlyFailedError(this.what, this.errors);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
