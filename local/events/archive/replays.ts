import { join } from 'node:path';
import { z } from 'zod';
import { DurableQueue } from '../../durable-queue.ts';
import { AwsError } from '../../gateway/aws-error.ts';
import type { EventEnvelope } from '../default-bus.ts';
import type { Archive } from './archive.ts';
import {
  REPLAY_STATES,
  type Replay,
  type ReplayContext,
  ReplayName,
  readStart,
  replaySummary,
  windowOf,
} from './replay.ts';
import { pageOf, parseInput, requireOneFilter } from './request-input.ts';

/** "Amazon EventBridge quotas": replays at once. */
const MAX_ACTIVE = 10;
/** So many events, at most, are replayed a second time where the process is killed. */
const EVENTS_BETWEEN_NOTES = 50;
const LONGEST_REASON = 512;

const NamedInput = z.object({ ReplayName });
const ListInput = z.object({
  NamePrefix: ReplayName.optional(),
  State: z.enum(REPLAY_STATES).optional(),
  EventSourceArn: z.string().optional(),
  Limit: z.int().min(1).max(100).optional(),
  NextToken: z.string().optional(),
});

export interface ReplaysOptions extends ReplayContext {
  readonly folder: string;
  /** Takes an event to the rules of a bus, or to those of them that are named; on disk when it returns. */
  readonly deliver: (bus: string, event: EventEnvelope, ruleArns: readonly string[] | undefined) => void;
  /** Resolves once deliveries do not pile up. */
  readonly room: () => Promise<void>;
  readonly log: (line: string) => void;
}

/** Replays of archives: each is on disk with its progress, and goes on after a restart where it was noted last. */
export class Replays {
  private readonly replays: Map<string, Replay>;
  private readonly stored: DurableQueue<Replay>;
  private readonly running = new Set<Promise<void>>();
  private resumed = false;
  private closed = false;

  constructor(private readonly options: ReplaysOptions) {
    this.stored = new DurableQueue(join(options.folder, 'replays'));
    this.replays = new Map(this.stored.load().map(({ key, item }) => [key, item]));
  }

  start(input: unknown) {
    const replay = readStart(input, this.options);
    if (this.replays.has(replay.name)) {
      throw new AwsError('ResourceAlreadyExistsException', `Replay ${replay.name} already exists.`);
    }
    if (this.active().length >= MAX_ACTIVE) {
      throw new AwsError('LimitExceededException', `No more than ${MAX_ACTIVE} replays may be active at once.`);
    }
    this.save(replay);
    if (this.resumed) this.launch(replay.name);
    return { ReplayArn: replay.arn, State: replay.state, ReplayStartTime: replay.startedAt };
  }

  describe(input: unknown) {
    const replay = this.require(parseInput(NamedInput, input).ReplayName);
    const { arn, description, destination } = replay;
    return { ReplayArn: arn, Description: description, Destination: destination, ...replaySummary(replay) };
  }

  list(input: unknown) {
    const { NamePrefix, State, EventSourceArn, ...paging } = parseInput(ListInput, input);
    requireOneFilter({ NamePrefix, State, EventSourceArn });
    const wanted = [...this.replays.values()].filter(
      ({ name, state, archiveArn }) =>
        name.startsWith(NamePrefix ?? '') &&
        (State ?? state) === state &&
        (EventSourceArn ?? archiveArn) === archiveArn,
    );
    const { page, ...rest } = pageOf(wanted, paging);
    return { Replays: page.map(replaySummary), ...rest };
  }

  cancel(input: unknown) {
    const replay = this.require(parseInput(NamedInput, input).ReplayName);
    if (replay.state !== 'STARTING' && replay.state !== 'RUNNING') {
      throw new AwsError('IllegalStatusException', `Replay ${replay.name} is ${replay.state}: it cannot be canceled.`);
    }
    this.save({ ...replay, state: 'CANCELLING' });
    return { ReplayArn: replay.arn, State: 'CANCELLING' };
  }

  /** Goes on with what an earlier process left unfinished: from now on, replays begin at once. */
  resume(): void {
    this.resumed = true;
    for (const { name, state, position } of this.active()) {
      if (state === 'RUNNING')
        this.options.log(`events: the replay ${name} goes on at ${position?.minute ?? 'its start'}`);
      this.launch(name);
    }
  }

  /** Resolves when no replay runs any more. What was running goes on after the next boot. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.running);
  }

  private launch(name: string): void {
    const run = this.run(name).catch((error: unknown) => {
      // The disk may be full: what the last note says is where the next boot goes on.
      this.options.log(`events: the replay ${name} is stuck: ${String(error)}`);
    });
    this.running.add(run);
    void run.finally(() => this.running.delete(run));
  }

  private async run(name: string): Promise<void> {
    const replay = this.require(name);
    const archive = this.options.archiveByArn(replay.archiveArn);
    if (!archive) {
      this.end(name, { state: 'FAILED', stateReason: `Archive ${replay.archiveArn} does not exist any more.` });
      return;
    }
    if (replay.state === 'STARTING') this.save({ ...replay, state: 'RUNNING' });
    try {
      await this.deliverAll(name, archive);
    } catch (error) {
      this.end(name, { state: 'FAILED', stateReason: String(error).slice(0, LONGEST_REASON) });
      return;
    }
    if (this.require(name).state === 'CANCELLING') this.end(name, { state: 'CANCELLED' });
    else if (!this.closed) this.end(name, { state: 'COMPLETED' });
  }

  private async deliverAll(name: string, archive: Archive): Promise<void> {
    const replay = this.require(name);
    let count = 0;
    for await (const { event, position } of archive.read(windowOf(replay), replay.position)) {
      await this.options.room();
      if (this.closed || this.require(name).state === 'CANCELLING') break;
      this.options.deliver(archive.definition.bus, replayed(event, name), replay.destination.FilterArns);
      const progress = { ...this.require(name), position, lastReplayedTime: Date.parse(event.time) / 1000 };
      count += 1;
      if (count % EVENTS_BETWEEN_NOTES === 0) this.save(progress);
      else this.replays.set(name, progress);
    }
    this.save(this.require(name));
  }

  private end(name: string, how: Pick<Replay, 'state' | 'stateReason'>): void {
    this.save({ ...this.require(name), ...how, endedAt: Date.now() / 1000 });
    if (how.state === 'FAILED') this.options.log(`events: the replay ${name} failed: ${how.stateReason}`);
  }

  private save(replay: Replay): void {
    this.stored.replace(replay.name, replay);
    this.replays.set(replay.name, replay);
  }

  private active(): Replay[] {
    return [...this.replays.values()].filter(({ endedAt }) => endedAt === undefined);
  }

  private require(name: string): Replay {
    const replay = this.replays.get(name);
    if (!replay) throw new AwsError('ResourceNotFoundException', `Replay ${name} does not exist.`);
    return replay;
  }
}

/** The event as it was, save that it names its replay, at the place where EventBridge has that member. */
function replayed({ resources, detail, ...event }: EventEnvelope, name: string): EventEnvelope {
  return { ...event, 'replay-name': name, resources, detail };
}
