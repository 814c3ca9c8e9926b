import { randomUUID } from 'node:crypto';
import type { AwsEvent } from '../aws-service.ts';

type Listener = (event: AwsEvent) => void;

/**
 * The default event bus: every listener hears every event, in the order in which they were published, before `publish`
 * returns. An event that a listener publishes is heard after the one it reacts to.
 */
export class DefaultBus {
  private readonly listeners = new Set<Listener>();
  private readonly pending: AwsEvent[] = [];
  private delivering = false;

  constructor(
    private readonly options: {
      readonly region: string;
      readonly accountId: string;
      readonly log: (line: string) => void;
    },
  ) {}

  /** Fills in what every event has, as `EventEnvelope` names it. */
  publish(event: AwsEvent): void {
    this.pending.push(envelope(event, this.options));
    if (this.delivering) return;
    this.delivering = true;
    try {
      for (let next = this.pending.shift(); next; next = this.pending.shift()) this.deliver(next);
    } finally {
      this.delivering = false;
    }
  }

  /** Returns how to stop listening. */
  onEvent(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** One listener's fault is not another's: it is reported, and the others hear the event all the same. */
  private deliver(event: AwsEvent): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(event);
      } catch (error) {
        const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.options.log(`events: a listener failed on '${event['detail-type']}' of ${event.source}: ${what}`);
      }
    }
  }
}

/** An event as targets receive it. */
export interface EventEnvelope {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** ISO 8601, whole seconds, UTC. */
  readonly time: string;
  readonly region: string;
  /** The replay that this event comes from, where it comes from an archive. */
  readonly 'replay-name'?: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** Completes an event; what it says already stays. */
export function envelope(
  event: AwsEvent,
  place: { readonly region: string; readonly accountId: string },
): EventEnvelope {
  const time = event.time === undefined ? new Date() : new Date(event.time);
  return {
    version: '0',
    id: event.id ?? randomUUID(),
    'detail-type': event['detail-type'],
    source: event.source,
    account: place.accountId,
    time: `${time.toISOString().slice(0, 19)}Z`,
    region: place.region,
    resources: event.resources ?? [],
    detail: event.detail,
  };
}
