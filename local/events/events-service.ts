import { join } from 'node:path';
import { z } from 'zod';
import type { AwsService, LocalAws, TemplateResource } from '../aws-service.ts';
import { DurableQueue } from '../durable-queue.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { jsonOperations } from '../gateway/json-service.ts';
import { LambdaInvoker } from '../lambda-invoker.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';
import { deadParts } from './dead-pattern.ts';
import { type EventEnvelope, envelope } from './default-bus.ts';
import { Deliveries, type Delivery } from './deliveries.ts';
import type { EventKind } from './event-kind.ts';
import { compilePattern } from './event-pattern.ts';
import { type AcceptedEntry, type RefusedEntry, readEntries } from './put-events.ts';
import { type Rule, readRule } from './rule.ts';
import { Schedules } from './schedules.ts';

const EventBusProperties = z.strictObject({
  Name: z.string().regex(/^[\w./-]{1,256}$/),
  Description: z.string().optional(),
  Tags: z.unknown().optional(),
});

const ArchiveProperties = z.strictObject({
  ArchiveName: z.string().optional(),
  SourceArn: z.string(),
  Description: z.string().optional(),
  EventPattern: z.record(z.string(), z.unknown()).optional(),
  RetentionDays: z.coerce.number().int().min(0).optional(),
});

export interface EventBridgeOptions {
  /** What the other services may publish: a rule on AWS's events that waits for anything else ends the boot. */
  readonly eventKinds?: () => readonly EventKind[];
}

/** EventBridge: buses, rules and schedules whose targets are functions. */
export async function createEventBridge(aws: LocalAws, options: EventBridgeOptions = {}): Promise<AwsService> {
  const bridge = new EventBridge(aws, options);
  const stopListening = aws.onEvent((event) => bridge.heard(envelope(event, aws)));
  return {
    signingName: 'events',
    resources: {
      'AWS::Events::EventBus': (resource) => bridge.createBus(resource),
      'AWS::Events::Rule': (resource) => bridge.createRule(resource),
      'AWS::Events::Archive': (resource) => bridge.createArchive(resource),
    },
    handle: jsonOperations(
      { PutEvents: (input) => bridge.putEvents(input), TestEventPattern: testEventPattern },
      (error) => aws.log(`events: ${String(error)}`),
    ),
    verify: () => bridge.verify(),
    ready: async () => bridge.ready(),
    close: async () => {
      stopListening();
      bridge.close();
    },
  };
}

class EventBridge {
  private readonly buses = new Set(['default']);
  private readonly rules: Rule[] = [];
  private readonly schedules = new Schedules();
  private readonly deliveries: Deliveries;
  private readonly invoker: LambdaInvoker;
  private readonly arnPrefix: string;
  /** The event that `PutEvents` is publishing on the default bus, and what went wrong with it. */
  private accepting: { readonly id: string; fault?: unknown } | undefined;

  constructor(
    private readonly aws: LocalAws,
    private readonly options: EventBridgeOptions,
  ) {
    this.arnPrefix = `arn:aws:events:${aws.region}:${aws.accountId}`;
    this.invoker = new LambdaInvoker(aws, 'events.amazonaws.com');
    this.deliveries = new Deliveries(
      new DurableQueue<Delivery>(join(aws.folder('events'), 'deliveries')),
      (invocation) => this.invoker.queue(invocation),
      aws.log,
    );
  }

  createBus(resource: TemplateResource) {
    const { Name } = parseProperties(EventBusProperties, resource);
    this.buses.add(Name);
    return { ref: Name, attributes: { Arn: `${this.arnPrefix}:event-bus/${Name}`, Name } };
  }

  createRule(resource: TemplateResource) {
    const rule = readRule(resource, this.arnPrefix);
    this.requireBus(rule.bus);
    this.rules.push(rule);
    return { ref: rule.bus === 'default' ? rule.name : `${rule.bus}|${rule.name}`, attributes: { Arn: rule.arn } };
  }

  /** Nothing is recorded yet. */
  createArchive(resource: TemplateResource) {
    const {
      ArchiveName = generatedName(resource),
      SourceArn,
      EventPattern,
    } = parseProperties(ArchiveProperties, resource);
    this.requireBus(SourceArn.replace(/^arn:.*:event-bus\//, ''));
    if (EventPattern) compilePattern(EventPattern);
    return { ref: ArchiveName, attributes: { Arn: `${this.arnPrefix}:archive/${ArchiveName}` } };
  }

  putEvents(input: { Entries?: unknown }) {
    const read = readEntries(input.Entries);
    for (const entry of read) if ('bus' in entry) this.requireBus(entry.bus);
    const Entries = read.map((entry) => ('bus' in entry ? this.accept(entry) : entry));
    return { FailedEntryCount: Entries.filter((entry) => 'ErrorCode' in entry).length, Entries };
  }

  /** An event of the default bus. */
  heard(event: EventEnvelope): void {
    try {
      this.route('default', event);
    } catch (error) {
      if (this.accepting?.id === event.id) this.accepting.fault = error;
      throw error;
    }
  }

  async verify(): Promise<void> {
    this.verifyPatterns();
    await this.verifyTargets();
  }

  ready(): void {
    this.deliveries.resume();
    for (const rule of this.rules) {
      if (rule.schedule && rule.enabled) this.schedules.start(rule.schedule, (time) => this.fire(rule, time));
    }
  }

  close(): void {
    this.schedules.close();
    this.deliveries.close();
    this.invoker.close();
  }

  /** When this returns, the event is on disk for each of its targets. */
  private accept({ bus, event }: AcceptedEntry): { EventId: string } | RefusedEntry {
    if (bus !== 'default') {
      this.route(bus, envelope(event, this.aws));
      return { EventId: event.id };
    }
    const accepting: { readonly id: string; fault?: unknown } = { id: event.id };
    this.accepting = accepting;
    this.aws.publish(event);
    this.accepting = undefined;
    if (accepting.fault === undefined) return { EventId: event.id };
    return { ErrorCode: 'InternalFailure', ErrorMessage: 'The event could not be stored.' };
  }

  private route(bus: string, event: EventEnvelope): void {
    for (const rule of this.rules) {
      if (rule.bus === bus && rule.enabled && rule.matches?.(event)) this.send(rule, event);
    }
  }

  private fire(rule: Rule, time: number): void {
    const event = { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {}, resources: [rule.arn] };
    try {
      this.send(rule, envelope({ ...event, time: new Date(time).toISOString() }, this.aws));
    } catch (error) {
      this.aws.log(`events: ${rule.arn} could not fire: ${String(error)}`);
    }
  }

  private send(rule: Rule, event: EventEnvelope): void {
    for (const { functionArn, input, retryPolicy } of rule.targets) {
      this.deliveries.add({ functionArn, sourceArn: rule.arn, payload: input(event) }, retryPolicy);
    }
  }

  /** A pattern that matches nothing would lose events without a word. */
  private verifyPatterns(): void {
    const { eventKinds } = this.options;
    if (!eventKinds) return;
    const kinds = eventKinds();
    const faults = this.rules.flatMap(({ name, bus, enabled, pattern }) =>
      pattern && enabled && bus === 'default' ? deadParts(pattern, kinds).map((dead) => `rule ${name}: ${dead}`) : [],
    );
    if (faults.length > 0) throw new Error(`Rules wait for events that never come: ${faults.join('; ')}`);
  }

  /** A target that is gone or grants nothing would swallow events: better not to start. */
  private async verifyTargets(): Promise<void> {
    const checks = this.rules.flatMap((rule) =>
      rule.targets.map(async ({ id, functionArn }) => {
        try {
          await this.invoker.verify(functionArn, rule.arn);
          return [];
        } catch (error) {
          return [`rule ${rule.name}, target ${id}: ${error instanceof Error ? error.message : String(error)}`];
        }
      }),
    );
    const faults = (await Promise.all(checks)).flat();
    if (faults.length > 0) throw new Error(`EventBridge cannot invoke all of its targets: ${faults.join('; ')}`);
  }

  private requireBus(name: string): void {
    if (!this.buses.has(name)) throw new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
  }
}

function testEventPattern(input: { EventPattern?: string; Event?: string }) {
  try {
    return { Result: compilePattern(JSON.parse(input.EventPattern ?? ''))(JSON.parse(input.Event ?? '')) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AwsError('InvalidEventPatternException', reason, { cause });
  }
}
