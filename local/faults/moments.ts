import type { DescribedCall } from './described-call.ts';
import type { Moment } from './fault-settings.ts';

/** Something that lives for a while, and is struck in the midst of it. */
export interface Victim {
  readonly ids: readonly string[];
  /** Whether a call is its own. */
  owns(call: DescribedCall): boolean;
  /** Whether it is gone when it is struck, so that it does not hear the answer to its call. */
  readonly dies: boolean;
  /** @param call the call that brought the moment, if it was one */
  strike(moment: Moment, call: DescribedCall | undefined): void;
}

/** A moment that came with a call. */
export interface Due {
  readonly effect: 'before' | 'after';
  /** Whether the call's answer must not be heard. */
  readonly cuts: boolean;
  /** Strikes, or begins to wait until it does. */
  strike(): void;
}

interface Armed {
  readonly victim: Victim;
  readonly call: NonNullable<Moment['call']>;
  remaining: number;
  readonly cuts: boolean;
  readonly strike: (call: DescribedCall | undefined) => void;
}

/** The moments that are still to come. */
export class Moments {
  private readonly armed = new Set<Armed>();

  /** @param isOn whether faults may happen now */
  constructor(private readonly isOn: () => boolean) {}

  /** Strikes the victim when the moment has come; what it returns calls that off. */
  wait(victim: Victim, moment: Moment, delayMs: number): () => void {
    let timer: NodeJS.Timeout | undefined;
    const act = (call: DescribedCall | undefined) => {
      if (this.isOn()) victim.strike(moment, call);
    };
    const strike = (call: DescribedCall | undefined) => {
      if (call && delayMs === 0) act(call);
      else timer = setTimeout(() => act(call), delayMs).unref();
    };
    if (!moment.call) strike(undefined);
    const armed = moment.call && {
      victim,
      call: moment.call,
      remaining: moment.call.nth,
      cuts: victim.dies && moment.call.by === 'self' && delayMs === 0,
      strike,
    };
    if (armed) this.armed.add(armed);
    return () => {
      clearTimeout(timer);
      if (armed) this.armed.delete(armed);
    };
  }

  /** The moments that come with this call. */
  due(call: DescribedCall): Due[] {
    const due: Due[] = [];
    if (!this.isOn()) return due;
    for (const armed of this.armed) {
      if (!fits(armed, call)) continue;
      armed.remaining -= 1;
      if (armed.remaining > 0) continue;
      this.armed.delete(armed);
      due.push({ effect: armed.call.effect, cuts: armed.cuts, strike: () => armed.strike(call) });
    }
    return due;
  }
}

function fits({ victim, call: wanted }: Armed, call: DescribedCall): boolean {
  const own = victim.owns(call);
  if (wanted.by === 'self' ? !own : own || !victim.ids.some((id) => call.ids.includes(id))) return false;
  return (
    (wanted.service ?? call.service) === call.service &&
    (wanted.operation ?? call.operation) === call.operation &&
    call.text.includes(wanted.containing ?? '')
  );
}
