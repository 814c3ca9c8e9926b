import type { DispatchRecord } from '../../../core/dispatch-record.ts';
import { canTransition, isTerminal } from '../../../core/dispatch-status.ts';
import type { DispatchEnded, DispatchRequested } from '../../../core/events.ts';
import { type AttemptRef, attemptName } from '../../../core/ids.ts';

/** What an attempt's life has come to, as far as it was seen. */
export interface AttemptLife {
  /** The ECS tasks whose workers were let through the start fence. */
  readonly begunBy: Set<string>;
  /** Its outcome, once it is written. */
  outcome?: DispatchRecord;
  readonly endedEvents: DispatchEnded[];
  /** The agent ended with 0 and everything it made was uploaded. */
  finishedWell: boolean;
}

/** What a replay takes off the record. */
const OF_ONE_ATTEMPT = [
  ...['executionArn', 'taskArn', 'slotId', 'startedAt', 'waitingFor', 'cancelRequestedAt', 'settlingAt', 'stoppedAt'],
  ...['endedAt', 'exitCode', 'reason', 'output', 'usage', 'outcomeId', 'publishedAt', 'unpublished'],
] as const;
/** What may still change of an attempt that has ended. */
const AFTER_THE_END = ['publishedAt', 'unpublished', 'updatedAt'];

/** What the life of records must look like: told of every write and event, it keeps what is wrong with them. */
export class LifeModel {
  readonly records = new Map<string, DispatchRecord>();
  readonly attempts = new Map<string, AttemptLife>();
  places: ReadonlySet<string> = new Set();
  doubted: readonly string[] = [];
  readonly requested = new Set<string>();
  /** The dispatches whose post was answered with 202. */
  readonly acknowledged = new Set<string>();
  readonly faults: string[] = [];

  /**
   * @param history of all calls, where every write is noted too
   * @param isLeftAlone whether an ECS task runs, and nobody has asked it to stop
   */
  constructor(
    readonly maxConcurrent: number,
    readonly history: string[],
    readonly isLeftAlone: (taskArn: string) => boolean,
  ) {}

  attempt(ref: AttemptRef): AttemptLife {
    const name = attemptName(ref);
    const life = this.attempts.get(name) ?? { begunBy: new Set(), endedEvents: [], finishedWell: false };
    this.attempts.set(name, life);
    return life;
  }

  /** A record was written, and is so now. */
  written(after: DispatchRecord): void {
    const before = this.records.get(after.dispatchId);
    this.records.set(after.dispatchId, after);
    this.history.push(`    ${attemptName(after)}: ${inShort(before, after)}`);
    const wrong = (what: string) => this.faults.push(`${attemptName(after)}: ${what}: ${inShort(before, after)}`);
    if (!before) {
      if (after.status !== 'PENDING' || after.attempt !== 1) wrong('does not begin PENDING');
    } else if (before.attempt === after.attempt) this.#withinAttempt(before, after, wrong);
    else this.#replayed(before, after, wrong);
    if (isTerminal(after.status)) this.#ended(before, after, wrong);
  }

  /**
   * The tenant's places are these now.
   * @param doubted those of them that a sweep doubts
   */
  placesWritten(places: ReadonlySet<string>, doubted: readonly string[]): void {
    const gone = doubted.filter((place) => !places.has(place));
    if (gone.length > 0) this.faults.push(`${gone.join(', ')}: doubted, and no place at all`);
    this.doubted = doubted;
    this.places = places;
    if (places.size > this.maxConcurrent) this.faults.push(`${places.size} places are taken of ${this.maxConcurrent}`);
  }

  /** A worker was told that it may begin. */
  began(ref: AttemptRef, taskArn: string): void {
    const { begunBy } = this.attempt(ref);
    begunBy.add(taskArn);
    const { attempt, status, taskArn: holder } = this.records.get(ref.dispatchId) ?? {};
    if (begunBy.size > 1) this.faults.push(`${attemptName(ref)} was begun by ${[...begunBy].join(' and ')}`);
    if (attempt !== ref.attempt || status !== 'RUNNING' || holder !== taskArn) {
      this.faults.push(`${attemptName(ref)} was begun by ${taskArn} while ${holder} holds ${attempt}, ${status}`);
    }
  }

  /** A worker was told that it must not begin. */
  refused(ref: AttemptRef, taskArn: string): void {
    const { attempt, status, taskArn: holder } = this.records.get(ref.dispatchId) ?? {};
    if (attempt !== ref.attempt || status !== 'RUNNING' || holder !== taskArn) return;
    this.faults.push(`${attemptName(ref)} is kept from ${taskArn}, which has begun it`);
  }

  requestPublished(event: DispatchRequested): void {
    this.requested.add(attemptName(event));
  }

  executionStarted(ref: AttemptRef): void {
    if (!this.requested.has(attemptName(ref)))
      this.faults.push(`${attemptName(ref)} was started before it was announced`);
  }

  endPublished(event: DispatchEnded): void {
    const life = this.attempt(event);
    life.endedEvents.push(event);
    const said = new Set(life.endedEvents.map((one) => JSON.stringify(one)));
    if (said.size > 1) this.faults.push(`${event.eventId} says different things: ${[...said].join(' and ')}`);
    if (life.outcome?.status !== event.status) {
      this.faults.push(`${event.eventId} says ${event.status}, the record ${life.outcome?.status}`);
    }
  }

  /** What must hold between any two steps, and has not. */
  check(): readonly string[] {
    const living = [...this.records.values()].filter(({ status }) => !isTerminal(status));
    const without = living.filter((record) => !this.places.has(attemptName(record)));
    return [...this.faults, ...without.map((record) => `${attemptName(record)} lives without a place`)];
  }

  /** What must hold when nobody acts any more, and does not. */
  checkAtTheEnd(): readonly string[] {
    const living = [...this.records.values()].filter(({ status }) => !isTerminal(status));
    const quiet = [...this.attempts].filter(([, life]) => life.outcome && life.endedEvents.length === 0);
    const unpublished = [...this.records.values()].filter(({ publishedAt }) => publishedAt === undefined);
    return [
      ...this.check(),
      ...[...this.acknowledged]
        .filter((id) => !this.records.has(id))
        .map((id) => `${id} was accepted, and is not there`),
      ...living.map((record) => `${attemptName(record)} stays ${record.status}`),
      ...quiet.map(([name]) => `${name} has ended, and nobody was told`),
      ...unpublished.map((record) => `${attemptName(record)} is not noted as announced`),
      ...[...this.places].map((place) => `the place of ${place} is not given back`),
    ];
  }

  #withinAttempt(before: DispatchRecord, after: DispatchRecord, wrong: (what: string) => void): void {
    if (before.status !== after.status && !canTransition(before.status, after.status))
      wrong('no transition of the table');
    if (before.startedAt !== undefined && before.taskArn !== after.taskArn)
      wrong('was begun, and changes its ECS task');
    if (before.startedAt !== undefined && after.startedAt === undefined) wrong('was begun, and forgets it');
    if (before.startedAt === undefined && after.startedAt !== undefined) {
      if (after.status !== 'RUNNING') wrong('is begun without running');
      if (before.cancelRequestedAt !== undefined) wrong('is begun after its cancel');
    }
    if (before.cancelRequestedAt !== undefined && before.cancelRequestedAt !== after.cancelRequestedAt) {
      wrong('forgets its cancel');
    }
    if (after.executionArn && !after.executionArn.endsWith(`:${attemptName(after)}`))
      wrong('is run by another execution');
    if (['RUNNING', 'COMPLETING', 'SUCCESS'].includes(after.status) && after.startedAt === undefined) {
      wrong('runs without having begun');
    }
  }

  #replayed(before: DispatchRecord, after: DispatchRecord, wrong: (what: string) => void): void {
    if (after.attempt !== before.attempt + 1) wrong('does not follow the attempt before');
    if (after.status !== 'PENDING') wrong('does not begin PENDING');
    if (!isTerminal(before.status)) wrong('follows an attempt that lives');
    const kept = OF_ONE_ATTEMPT.filter((attribute) => after[attribute] !== undefined);
    if (kept.length > 0) wrong(`keeps ${kept.join(', ')} of the attempt before`);
    if ((after.replayKeys?.size ?? 0) !== (before.replayKeys?.size ?? 0) + 1)
      wrong('was not asked for by a key of its own');
  }

  #ended(before: DispatchRecord | undefined, after: DispatchRecord, wrong: (what: string) => void): void {
    const life = this.attempt(after);
    if (!life.outcome) {
      life.outcome = after;
      if (after.endedAt === undefined) wrong('ends without saying when');
      if (!after.outcomeId?.startsWith(`${attemptName(after)}:`)) wrong(`ends by the outcome ${after.outcomeId}`);
      if (after.startedAt !== undefined && this.isLeftAlone(after.taskArn ?? '')) wrong('ends while its agent runs');
      if (after.unpublished === undefined) wrong('ends without asking to be announced');
      if (after.status === 'SUCCESS' && !life.finishedWell) wrong('succeeds without having finished well');
      if (after.status === 'SUCCESS' && after.output === undefined) wrong('succeeds without output');
    } else if (frozen(life.outcome) !== frozen(after)) wrong('changes after its end');
    const isNoted =
      before?.attempt === after.attempt && before.publishedAt === undefined && after.publishedAt !== undefined;
    if (isNoted && life.endedEvents.length === 0) wrong('is noted as announced, and was not');
  }
}

function frozen(record: DispatchRecord): string {
  const entries = Object.entries(record).filter(([attribute]) => !AFTER_THE_END.includes(attribute));
  return JSON.stringify(
    entries.toSorted(([one], [other]) => (one < other ? -1 : 1)),
    (_, value) => (value instanceof Set ? [...value] : value),
  );
}

function inShort(before: DispatchRecord | undefined, after: DispatchRecord): string {
  const facts = (record: DispatchRecord) =>
    [record.attempt, record.status, record.taskArn?.slice(-4), record.startedAt && 'begun', record.outcomeId?.slice(27)]
      .filter(Boolean)
      .join(' ');
  return `${before ? facts(before) : 'nothing'} → ${facts(after)}`;
}
