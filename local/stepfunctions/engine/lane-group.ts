import type { StateGraph } from '../asl/definition.ts';
import type { JsonText } from '../json.ts';
import type { Lane } from './lane.ts';
import { runStates } from './run-states.ts';
import { LaneAborted } from './state-error.ts';

/** A branch of a Parallel, or an iteration of a Map. */
export interface GroupMember {
  readonly lane: Lane;
  readonly graph: StateGraph;
  /** Called in the lane's first turn. */
  input(): JsonText | Promise<JsonText>;
}

export interface GroupEvents {
  /** A lane begins, after an event. */
  begun?(lane: Lane, previousEventId: number): void;
  /** A lane came to its end; answers the event that the group now stands at. */
  succeeded?(lane: Lane): number;
  /** The first lane failed, and the others are cut off. */
  failed?(lane: Lane): void;
}

/** The lanes of a Parallel or Map: one failure ends them all. */
export class LaneGroup {
  #failure: { readonly error: unknown } | undefined;

  constructor(
    readonly parent: Lane,
    readonly members: readonly GroupMember[],
    readonly events: GroupEvents = {},
  ) {
    parent.children = members.map(({ lane }) => lane);
  }

  /**
   * Runs every lane to its end, and leaves the parent at the last one's last event.
   * @param concurrency how many lanes run at once; the others begin in order, as soon as one ends
   * @throws StateError of the first lane that failed
   */
  async run(concurrency: number = this.members.length): Promise<readonly JsonText[]> {
    const { parent } = this;
    const outputs = new Map<GroupMember, JsonText>();
    const waiting = [...this.members];
    const first = waiting.splice(0, concurrency);
    const previous = parent.lastEventId;
    for (const { lane } of first) this.#begin(lane, previous);

    const runOneAfterAnother = async (member: GroupMember): Promise<void> => {
      for (let current: GroupMember | undefined = member; current; ) {
        const output = await this.#runMember(current);
        if (!output) return;
        outputs.set(current, output);
        const next = waiting.shift();
        if (next) this.#begin(next.lane, current.lane.lastEventId);
        current = next;
        parent.run.turns.give();
      }
    };
    await parent.pause(Promise.all(first.map(runOneAfterAnother)));
    parent.children = [];
    if (this.#failure) throw this.#failure.error;
    return this.members.flatMap((member) => outputs.get(member) ?? []);
  }

  #begin(lane: Lane, previousEventId: number): void {
    lane.isOpen = true;
    this.events.begun?.(lane, previousEventId);
  }

  /** Ends with the turn still taken where the lane succeeded, and answers nothing where it did not. */
  async #runMember({ lane, graph, input }: GroupMember): Promise<JsonText | undefined> {
    const { parent, events } = this;
    const turn = parent.run.turns.take();
    if (turn) await turn;
    try {
      if (lane.isAborted) throw new LaneAborted();
      const output = await runStates(lane, graph, await input());
      lane.isOpen = false;
      parent.lastEventId = events.succeeded?.(lane) ?? lane.lastEventId;
      return output;
    } catch (error) {
      if (!this.#failure && !lane.isAborted) this.#fail(lane, error);
      parent.run.turns.give();
      return undefined;
    }
  }

  #fail(lane: Lane, error: unknown): void {
    this.#failure = { error };
    for (const member of this.members) member.lane.abort();
    this.parent.lastEventId = lane.lastEventId;
    this.events.failed?.(lane);
    lane.recordAborted(lane.lastEventId);
    this.parent.recordChildrenAborted(lane.lastEventId, lane);
  }
}
