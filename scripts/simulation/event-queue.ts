/** What happens later, soonest first; what is due at the same time comes out in the order it went in. */
export class EventQueue<Event> {
  private readonly heap: { readonly at: number; readonly order: number; readonly event: Event }[] = [];
  private added = 0;

  /** When the next event is due; infinity where there is none. */
  get next(): number {
    return this.heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  add(at: number, event: Event): void {
    this.heap.push({ at, order: this.added++, event });
    let child = this.heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.isBefore(child, parent)) return;
      this.swap(child, parent);
      child = parent;
    }
  }

  take(): Event | undefined {
    this.swap(0, this.heap.length - 1);
    const taken = this.heap.pop();
    let parent = 0;
    for (;;) {
      const left = 2 * parent + 1;
      const child = this.isBefore(left + 1, left) ? left + 1 : left;
      if (!this.isBefore(child, parent)) return taken?.event;
      this.swap(child, parent);
      parent = child;
    }
  }

  private isBefore(left: number, right: number): boolean {
    const a = this.heap[left];
    const b = this.heap[right];
    return a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order));
  }

  private swap(left: number, right: number): void {
    const a = this.heap[left];
    const b = this.heap[right];
    if (a === undefined || b === undefined) return;
    this.heap[left] = b;
    this.heap[right] = a;
  }
}
