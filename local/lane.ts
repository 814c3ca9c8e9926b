/** Runs work in the order in which it was added, a few pieces at a time. */
export class Lane {
  private readonly waiting: (() => Promise<void>)[] = [];
  private running = 0;

  /** @param onFault is told of work that failed: nobody waits for it */
  constructor(
    private readonly atOnce: number,
    private readonly onFault: (error: unknown) => void,
  ) {}

  add(work: () => Promise<void>): void {
    this.waiting.push(work);
    this.next();
  }

  private next(): void {
    if (this.running >= this.atOnce) return;
    const work = this.waiting.shift();
    if (!work) return;
    this.running += 1;
    void work()
      .catch(this.onFault)
      .finally(() => {
        this.running -= 1;
        this.next();
      });
  }
}
