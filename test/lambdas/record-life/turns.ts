import { setImmediate as nextRound } from 'node:timers/promises';

/** How a call goes that an actor makes. */
export const FATES = [
  'well',
  /** It takes effect, its answer is lost, and it is made again, as the SDK does. */
  'answer lost',
  'fails before',
  'fails after',
  'dies before',
  'dies after',
] as const;
export type Fate = (typeof FATES)[number];

/** The caller's process ended in the midst of a call. */
export class Died extends Error {
  override readonly name = 'Died';
}

/** A call failed, whether it took effect or not, and its caller lives on. */
export class Broken extends Error {
  override readonly name = 'TimeoutError';
}

export interface ActorOptions {
  /** @default a death in a call is no more than a failure of it */
  readonly mortal?: boolean;
  /** Hears of the actor's death. */
  readonly died?: () => void;
}

/** Whoever acts: a function's invocation, an execution, a worker. Ends by itself, or dies. */
export class Actor<T = unknown> {
  /** Whether a call of it has failed, or it has died: what it comes to is no surprise then. */
  disturbed = false;
  isDead = false;
  /** It makes no call for now: its host stands still, or its line is slow. */
  isFrozen = false;
  done: Promise<T> = Promise.reject(new Error('It has not begun.'));
  #giveUp: (reason: Died) => void = () => {};

  constructor(
    readonly name: string,
    readonly options: ActorOptions,
  ) {
    this.done.catch(() => {});
  }

  begin(story: () => Promise<T>): void {
    const death = new Promise<never>((_, reject) => {
      this.#giveUp = reject;
    });
    this.done = Promise.race([story(), death]);
    this.done.catch(() => {});
  }

  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.disturbed = true;
    this.#giveUp(new Died(`${this.name} died.`));
    this.options.died?.();
  }
}

/** A call that an actor waits to make. */
export interface OpenCall {
  readonly actor: Actor;
  readonly label: string;
}

interface Arrival extends OpenCall {
  /** A wait: no call that could fail. */
  readonly isPause: boolean;
  readonly go: (fate: Fate, dice: number) => void;
}

/** Rounds of the event loop without a change after which nobody will act by himself. */
const QUIET_ROUNDS = 3;

/** Actors go on one call at a time, in the order that somebody chooses: every interleaving can be had, and had again. */
export class Turns {
  /** Who acts: whose turn it is, or who has just begun. Following calls by their contexts would take most of the time. */
  #current: Actor | undefined;
  #arrivals: Arrival[] = [];
  /** Every call that was made, and how it went. */
  readonly history: string[] = [];
  #changes = 0;
  readonly #acts = new Set<Promise<unknown>>();

  /** Somebody is to act, and waits for his turns, the first one to begin. */
  begin<T>(name: string, story: () => Promise<T>, options: ActorOptions = {}): Actor<T> {
    const actor = new Actor<T>(name, options);
    actor.begin(async () => {
      await this.#arrive(actor as Actor, 'begins', true);
      return story();
    });
    actor.done.then(this.#changed, this.#changed);
    return actor;
  }

  /** Somebody goes on because of what another one did: what he calls next is his own. */
  become(actor: Actor): void {
    this.#current = actor;
  }

  /** A call of the actor that makes it. What is called outside of any actor is done at once. */
  async call<T>(label: string, act: (dice: number) => Promise<T>): Promise<T> {
    const actor = this.#current;
    if (!actor) return act(0);
    for (;;) {
      const { fate, dice } = await this.#arrive(actor, label, false);
      if (fate === 'well') return this.#act(() => act(dice));
      if (fate === 'answer lost') {
        await Promise.allSettled([this.#act(() => act(dice))]);
        continue;
      }
      if (fate.endsWith('after')) await Promise.allSettled([this.#act(() => act(dice))]);
      actor.disturbed = true;
      if (fate.startsWith('fails') || actor.options.mortal !== true) throw new Broken(`${label} ${fate}.`);
      actor.die();
      return new Promise(() => {});
    }
  }

  /** A wait of the actor: it ends when its turn has come. */
  async pause(label: string): Promise<void> {
    const actor = this.#current;
    if (actor) await this.#arrive(actor, label, true);
  }

  /** Who acts. */
  get actor(): Actor | undefined {
    return this.#current;
  }

  /** The calls that could be made now. */
  get open(): readonly OpenCall[] {
    this.#arrivals = this.#arrivals.filter(({ actor }) => !actor.isDead);
    return this.#arrivals.filter(({ actor }) => !actor.isFrozen);
  }

  /** Those who stand still before a call. */
  get frozen(): readonly Actor[] {
    return [...new Set(this.#arrivals.map(({ actor }) => actor))].filter(({ isFrozen, isDead }) => isFrozen && !isDead);
  }

  /** Lets one of the open calls be made. Resolves when nobody acts any more. */
  async take(which: OpenCall, fate: Fate, dice: number): Promise<void> {
    const arrival = this.#arrivals.find((one) => one === which);
    if (!arrival) throw new Error(`${which.actor.name} does not wait for '${which.label}'.`);
    this.#arrivals = this.#arrivals.filter((one) => one !== arrival);
    this.history.push(`${which.actor.name}: ${which.label}${fate === 'well' || arrival.isPause ? '' : ` (${fate})`}`);
    this.become(arrival.actor);
    arrival.go(arrival.isPause ? 'well' : fate, dice);
    await this.quiet();
  }

  /** Resolves when everyone waits for a turn, or for something that others do. */
  async quiet(): Promise<void> {
    for (let rounds = 0; rounds < QUIET_ROUNDS; rounds++) {
      const seen = this.#changes;
      await Promise.all(this.#acts);
      await nextRound();
      if (seen !== this.#changes) rounds = -1;
    }
  }

  #arrive(actor: Actor, label: string, isPause: boolean): Promise<{ fate: Fate; dice: number }> {
    this.#changed();
    return new Promise((resolve) => {
      if (actor.isDead) return;
      this.#arrivals.push({ actor, label, isPause, go: (fate, dice) => resolve({ fate, dice }) });
    });
  }

  async #act<T>(act: () => Promise<T>): Promise<T> {
    const acting = act();
    const over = acting.then(this.#changed, this.#changed);
    this.#acts.add(over);
    void over.then(() => this.#acts.delete(over));
    return acting;
  }

  readonly #changed = (): void => {
    this.#changes += 1;
  };
}
