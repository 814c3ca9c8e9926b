/** What a test does when something comes to a point; whoever came there waits for it. */
export type Action = () => unknown;

/**
 * Points that the world's parts come to, where a test steps in: `before` and `after` each Task of a state machine, by its
 * state's name; each step of a worker: `register`, `acknowledge`, `fence`, `report`; of a claim: `look`, `claim`; and of
 * the manager: `create`, `start`. The point `agent` is where an agent has begun.
 */
export class Points {
  readonly #actions = new Map<string, Action[]>();
  readonly #repeats = new Set<string>();
  readonly reached: string[] = [];

  /** Acts the next time that something comes to the point. */
  at(point: string, action: Action): void {
    this.#actions.set(point, [...(this.#actions.get(point) ?? []), action]);
  }

  /** Whether every action has been taken: otherwise a test has not shown what it says. */
  get untouched(): readonly string[] {
    const points = [...this.#actions].flatMap(([point, actions]) => (actions.length > 0 ? [point] : []));
    return [...points, ...this.#repeats];
  }

  /** Takes a step that a test may look at, stop, or repeat. */
  async step<T>(name: string, take: () => Promise<T>): Promise<T> {
    await this.reach(`before ${name}`);
    const repeats = this.#repeats.delete(name);
    if (repeats) await take();
    const answer = await take();
    await this.reach(`after ${name}`);
    return answer;
  }

  /** The next time, the first answer of a step is lost, and whoever took it takes it again. */
  loseAnswer(name: string): void {
    this.#repeats.add(name);
  }

  async reach(point: string): Promise<void> {
    this.reached.push(point);
    await this.#actions.get(point)?.shift()?.();
  }
}

/** What nobody ever hears of. */
export function never(): Promise<never> {
  return new Promise(() => {});
}
