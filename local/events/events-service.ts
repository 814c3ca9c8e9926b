import { join } from 'node:path';
import { z } from 'zod';
import type { AwsService, LocalAws, TemplateResource } from '../aws-service.ts';
import { DurableQueue } from '../durable-queue.ts';
import type { DeliveryFaults } from '../faults/hooks.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { jsonOperations } from '../gateway/json-service.ts';
import { parseProperties } from '../resource-properties.ts';
import { Archives } from './archive/archives.ts';
import { Replays } from './archive/replays.ts';
import { deadParts } from './dead-pattern.ts';
import { type EventEnvelope, envelope } from './default-bus.ts';
import { type DeadLetterRule, Deliveries, type Delivery } from './deliveries.ts';
import type { EventKind } from './event-kind.ts';
import { compilePattern } from './event-pattern.ts';
import { type AcceptedEntry, type RefusedEntry, readEntries } from './put-events.ts';
import { type Rule, readRule } from './rule.ts';
import { RuleTargets } from './rule-targets.ts';
import { Schedules } from './schedules.ts';

const EventBusProperties = z.strictObject({
  Name: z.string().regex(/^[\w./-]{1,256}$/),
  Description: z.string().optional(),
  Tags: z.unknown().optional(),
});

export interface EventBridgeOptions {
  /** What the other services may publish: a rule on AWS's events that waits for anything else ends the boot. */
  readonly eventKinds?: () => readonly EventKind[];
  readonly faults?: DeliveryFaults | undefined;
}

/** EventBridge: buses, rules and schedules whose targets are functions and queues, archives and their replay. */
export async function createEventBridge(aws: LocalAws, options: EventBridgeOptions = {}): Promise<AwsService> {
  const bridge = new EventBridge(aws, options);
  const stopListening = aws.onEvent((event) => bridge.heard(envelope(event, aws)));
  return {
    signingName: 'events',
    resources: {
      'AWS::Events::EventBus': (resource) => bridge.createBus(resource),
      'AWS::Events::Rule': (resource) => bridge.createRule(resource),
      'AWS::Events::Archive': (resource) => bridge.archives.create(resource),
    },
    handle: jsonOperations(
      {
        PutEvents: (input) => bridge.putEvents(input),
        TestEventPattern: testEventPattern,
        DescribeArchive: (input) => bridge.archives.describe(input),
        ListArchives: (input) => bridge.archives.list(input),
        StartReplay: (input) => bridge.replays.start(input),
        DescribeReplay: (input) => bridge.replays.describe(input),
        ListReplays: (input) => bridge.replays.list(input),
        CancelReplay: (input) => bridge.replays.cancel(input),
      },
      (error) => aws.log(`events: ${String(error)}`),
    ),
    verify: () => bridge.verify(),
    ready: async () => bridge.ready(),
    close: async () => {
      stopListening();
      await bridge.close();
    },
  };
}

class EventBridge {
  readonly archives: Archives;
  readonly replays: Replays;
  private readonly buses = new Set(['default']);
  private readonly rules: Rule[] = [];
  private readonly schedules = new Schedules();
  private readonly deliveries: Deliveries;
  private readonly targets: RuleTargets;
  private readonly arnPrefix: string;
  /** The event that `PutEvents` is publishing on the default bus, and what went wrong with it. */
  private accepting: { readonly id: string; fault?: unknown } | undefined;

  constructor(
    private readonly aws: LocalAws,
    private readonly options: EventBridgeOptions,
  ) {
    this.arnPrefix = `arn:aws:events:${aws.region}:${aws.accountId}`;
    this.targets = new RuleTargets(aws);
    this.deliveries = new Deliveries(
      new DurableQueue<Delivery>(join(aws.folder('events'), 'deliveries')),
      (message) => this.targets.deliver(message),
      aws.log,
    );
    const shared = {
      folder: aws.folder('events'),
      arnPrefix: this.arnPrefix,
      requireBus: (name: string) => this.requireBus(name),
    };
    this.archives = new Archives(shared);
    this.replays = new Replays({
      ...shared,
      hasRule: (arn) => this.rules.some((rule) => rule.arn === arn),
      archiveByArn: (arn) => this.archives.byArn(arn),
      deliver: (bus, event, ruleArns) => this.route(bus, event, ruleArns),
      room: () => this.deliveries.room(),
      log: aws.log,
    });
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
    await this.targets.verify(this.rules);
  }

  ready(): void {
    this.deliveries.resume();
    this.replays.resume();
    for (const rule of this.rules) {
      if (rule.schedule && rule.enabled)
        this.schedules.start(rule.schedule, (time) => this.fire(rule, time), rule.isRate);
    }
  }

  async close(): Promise<void> {
    this.schedules.close();
    const replaysStopped = this.replays.close();
    this.deliveries.close();
    this.targets.close();
    await replaysStopped;
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

  /** @param ruleArns the only rules that may hear of the event; all where it is missing or empty */
  private route(bus: string, event: EventEnvelope, ruleArns: readonly string[] = []): void {
    this.archives.record(bus, event);
    for (const rule of this.rules) {
      if (ruleArns.length > 0 && !ruleArns.includes(rule.arn)) continue;
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
    for (const { arn, input, retryPolicy, deadLetterArn } of rule.targets) {
      const payload = input(event);
      const message = { targetArn: arn, sourceArn: rule.arn, payload };
      const rules = {
        retryPolicy,
        ...(deadLetterArn && { deadLetter: deadLetter(deadLetterArn, payload, event) }),
      };
      const delays = this.options.faults?.delays(rule, event) ?? [0];
      for (const delayMs of delays) this.deliveries.add(message, rules, delayMs);
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

  private requireBus(name: string): void {
    if (!this.buses.has(name)) throw new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
  }
}

/** A dead letter holds the event as it was, whatever the target would have got. */
function deadLetter(queueArn: string, payload: string, event: EventEnvelope): DeadLetterRule {
  const whole = JSON.stringify(event);
  return { queueArn, ...(whole !== payload && { event: whole }) };
}

function testEventPattern(input: { EventPattern?: string; Event?: string }) {
  try {
    return { Result: compilePattern(JSON.parse(input.EventPattern ?? ''))(JSON.parse(input.Event ?? '')) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AwsError('InvalidEventPatternException', reason, { cause });
  }
}
