import { setTimeout as delay } from 'node:timers/promises';
import { CHECKPOINT_INDEX } from '../../core/artifact-keys.ts';
import { wordsOf } from '../error-words.ts';
import { type CheckpointState, NO_CHECKPOINT } from './checkpoint-state.ts';
import { type CheckpointJob, takeCheckpoint } from './take-checkpoint.ts';

export interface CheckpointSchedule {
  /** Milliseconds within which what is written is in a checkpoint, as long as taking one takes a third of that. */
  readonly intervalMs: number;
  say(line: string): void;
}

/** The checkpoints of one attempt: one at a time, and none that disturbs its agent. */
export class Checkpoints {
  private state: CheckpointState = NO_CHECKPOINT;
  private taken = 0;
  private job: CheckpointJob | undefined;
  /** Resolves when no checkpoint is under way. */
  private quiet: Promise<void> = Promise.resolve();
  private child = new AbortController();
  private readonly over = new AbortController();
  /** What may lie in S3. */
  private readonly objects = new Set<string>();

  constructor(private readonly schedule: CheckpointSchedule) {}

  /** From now on there is a checkpoint within every interval, until the end. */
  start(job: CheckpointJob): void {
    this.job = job;
    void this.takeAgainAndAgain();
  }

  /** Takes one more, now. Where that fails it is said and no more. Nothing where none was to be taken. */
  takeNow(): Promise<void> {
    const { job } = this;
    if (job === undefined) return Promise.resolve();
    this.quiet = this.quiet.then(() => this.take(job));
    return this.quiet;
  }

  /** Takes one more, now, and none after it. What is not there after so many milliseconds is given up. */
  async takeLast(withinMs: number): Promise<void> {
    await Promise.race([this.takeNow(), delay(withinMs, undefined, { ref: false })]);
    this.over.abort();
    this.interrupt();
  }

  /** Gives up what a checkpoint under way still has to read; a later one holds what that misses. */
  interrupt(): void {
    this.child.abort();
    this.child = new AbortController();
  }

  /** No more checkpoints. Resolves when none is under way. */
  async end(): Promise<void> {
    this.over.abort();
    this.interrupt();
    await this.quiet;
  }

  /** Removes them all. To be called after the end, when the output is there in one piece. */
  async discard(): Promise<void> {
    // Without the index, nobody asks for the rest.
    if (this.objects.has(CHECKPOINT_INDEX)) await this.remove(CHECKPOINT_INDEX);
    if (!this.objects.has(CHECKPOINT_INDEX)) await this.removeAll(this.objects);
  }

  private async takeAgainAndAgain(): Promise<void> {
    const { intervalMs } = this.schedule;
    // The first one may take a third of it, too.
    for (let pauseMs = (intervalMs * 2) / 3; await this.passes(pauseMs); ) {
      const begunAt = performance.now();
      await this.takeNow();
      pauseMs = pauseAfter(performance.now() - begunAt, intervalMs);
    }
  }

  /** Whether so many milliseconds have passed before the end. */
  private passes(milliseconds: number): Promise<boolean> {
    return delay(milliseconds, true, { signal: this.over.signal }).catch(() => false);
  }

  private async take(job: CheckpointJob): Promise<void> {
    if (this.over.signal.aborted) return;
    const { signal } = this.child;
    this.taken += 1;
    try {
      const state = await takeCheckpoint(this.noting(job), this.state, this.taken, signal);
      if (state === this.state) return;
      const before = this.named();
      this.state = state;
      await this.tidyUp(job, before);
    } catch (error) {
      if (!signal.aborted)
        this.schedule.say(`A checkpoint could not be taken, and the next one holds it: ${wordsOf(error)}`);
    }
  }

  /** The same, where each object is noted before it may be there. */
  private noting(job: CheckpointJob): CheckpointJob {
    const { bucket } = job;
    return {
      ...job,
      bucket: {
        removeObject: (name) => bucket.removeObject(name),
        hasManifest: () => bucket.hasManifest(),
        putObject: (name, contentType, source) => {
          this.objects.add(name);
          return bucket.putObject(name, contentType, source);
        },
      },
    };
  }

  private named(): Set<string> {
    const { archives, log } = this.state;
    const objects = [...archives.values(), ...(log === undefined ? [] : [log])].map(({ object }) => object.name);
    return new Set([CHECKPOINT_INDEX, ...objects]);
  }

  /**
   * Removes what neither this checkpoint names nor the one before: whoever presents one may just have read that index. Once
   * one is presented, as of a worker that is thought dead, its manifest names what must stay, and no more are of use.
   */
  private async tidyUp({ bucket }: CheckpointJob, before: ReadonlySet<string>): Promise<void> {
    const named = this.named();
    const useless = [...this.objects].filter((name) => !named.has(name) && !before.has(name));
    try {
      if (useless.length === 0) return;
      if (!(await bucket.hasManifest())) return await this.removeAll(useless);
      this.over.abort();
      this.schedule.say('There is a manifest already: no more checkpoints are taken.');
    } catch (error) {
      this.schedule.say(`Whether there is a manifest cannot be told, so no checkpoint is removed: ${wordsOf(error)}`);
    }
  }

  private async removeAll(names: Iterable<string>): Promise<void> {
    await Promise.all([...names].map((name) => this.remove(name)));
  }

  /** What stays costs a little, until the bucket lets it go. */
  private async remove(name: string): Promise<void> {
    try {
      await this.job?.bucket.removeObject(name);
      this.objects.delete(name);
    } catch (error) {
      this.schedule.say(`${name} is of no use any more and cannot be removed: ${wordsOf(error)}`);
    }
  }
}

/**
 * Milliseconds from the end of a checkpoint to the beginning of the next. What is written right after the workspace was
 * looked at is safe only when the next one is there: that takes both of them and the pause. Where they take long, they run
 * for half of the time at the most.
 */
export function pauseAfter(tookMs: number, intervalMs: number): number {
  return Math.max(tookMs, intervalMs - 2 * tookMs);
}
