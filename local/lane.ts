/** Runs work in the order in which it was added, a few pieces at a time. */
export class Lane {
  private readonly waiting: (() => Promise<void>)[] = [];
  private running = 0;

  constructor(private readonly atOnce: number) {}

  /** @param work handles its own errors: nobody waits for it here */
  add(work: () => Promise<void>): void {
    this.waiting.push(work);
    this.next();
  }

  private next(): void {
    if (this.running >= this.atOnce) return;
    const work = this.waiting.shift();
    if (!work) return;
    this.running += 1;
    void work().finally(() => {
      this.running -= 1;
      this.next();
    });
  }
}
