import { join } from 'node:path';
import { z } from 'zod';
import type { TemplateResource } from '../../aws-service.ts';
import { DurableQueue } from '../../durable-queue.ts';
import { AwsError } from '../../gateway/aws-error.ts';
import { generatedName, parseProperties } from '../../resource-properties.ts';
import type { EventEnvelope } from '../default-bus.ts';
import { compilePattern } from '../event-pattern.ts';
import { Archive } from './archive.ts';
import { pageOf, parseInput, requireOneFilter } from './request-input.ts';

const LONGEST_NAME = 48;
const ArchiveName = z
  .string()
  .max(LONGEST_NAME)
  .regex(/^[.\-_A-Za-z0-9]+$/, 'takes letters, digits, and . - _');

const ArchiveProperties = z.strictObject({
  ArchiveName: ArchiveName.optional(),
  SourceArn: z.string(),
  Description: z.string().max(512).optional(),
  EventPattern: z.record(z.string(), z.unknown()).optional(),
  RetentionDays: z.coerce.number().int().min(0).default(0),
});

const DescribeInput = z.object({ ArchiveName });
const ListInput = z.object({
  NamePrefix: ArchiveName.optional(),
  EventSourceArn: z.string().optional(),
  State: z.enum(['ENABLED', 'DISABLED', 'CREATING', 'UPDATING', 'CREATE_FAILED', 'UPDATE_FAILED']).optional(),
  Limit: z.int().min(1).max(100).optional(),
  NextToken: z.string().optional(),
});

/** What of an archive outlives its template. */
interface ArchiveBirth {
  readonly sourceArn: string;
  /** Seconds since the epoch. */
  readonly createdAt: number;
}

export interface ArchivesOptions {
  readonly folder: string;
  /** `arn:aws:events:<region>:<account>`. */
  readonly arnPrefix: string;
  /** Throws where there is no such bus. */
  readonly requireBus: (name: string) => void;
}

/** The archives of all buses. */
export class Archives {
  private readonly archives = new Map<string, Archive>();
  private readonly births: DurableQueue<ArchiveBirth>;

  constructor(private readonly options: ArchivesOptions) {
    this.births = new DurableQueue(join(options.folder, 'archives'));
  }

  /** Creates `AWS::Events::Archive`, or opens it again. */
  create(resource: TemplateResource) {
    const properties = parseProperties(ArchiveProperties, resource);
    const { SourceArn, EventPattern } = properties;
    const name = properties.ArchiveName ?? generatedName(resource).slice(-LONGEST_NAME);
    const bus = busOf(SourceArn);
    this.options.requireBus(bus);
    const definition = {
      name,
      arn: `${this.options.arnPrefix}:archive/${name}`,
      bus,
      sourceArn: SourceArn,
      description: properties.Description,
      pattern: EventPattern,
      retentionDays: properties.RetentionDays,
      createdAt: this.birthOf(name, SourceArn).createdAt,
    };
    const matches = EventPattern ? compilePattern(EventPattern) : () => true;
    this.archives.set(name, new Archive(definition, matches, join(this.options.folder, `archive-${name}`)));
    return { ref: name, attributes: { Arn: definition.arn } };
  }

  /**
   * Keeps an event in the archives of its bus, but never a replayed one: the rule that EventBridge itself puts on the bus
   * for an archive asks for `"replay-name": [{ "exists": false }]`.
   */
  record(bus: string, event: EventEnvelope): void {
    if (event['replay-name'] !== undefined) return;
    for (const archive of this.archives.values()) {
      if (archive.definition.bus === bus) archive.record(event);
    }
  }

  byArn(arn: string): Archive | undefined {
    return [...this.archives.values()].find(({ definition }) => definition.arn === arn);
  }

  async describe(input: unknown) {
    const name = parseInput(DescribeInput, input).ArchiveName;
    const archive = this.archives.get(name);
    if (!archive) throw new AwsError('ResourceNotFoundException', `Archive ${name} does not exist.`);
    const { arn, description, pattern } = archive.definition;
    return {
      ArchiveArn: arn,
      Description: description,
      EventPattern: pattern && JSON.stringify(pattern),
      ...(await summary(archive)),
    };
  }

  async list(input: unknown) {
    const { NamePrefix, EventSourceArn, State, ...paging } = parseInput(ListInput, input);
    requireOneFilter({ NamePrefix, EventSourceArn, State });
    if (EventSourceArn !== undefined) this.options.requireBus(busOf(EventSourceArn));
    const wanted = [...this.archives.values()].filter(
      ({ definition }) =>
        definition.name.startsWith(NamePrefix ?? '') &&
        (EventSourceArn ?? definition.sourceArn) === definition.sourceArn &&
        (State ?? 'ENABLED') === 'ENABLED',
    );
    const named = wanted.map((archive) => ({ name: archive.definition.name, archive }));
    const { page, ...rest } = pageOf(named, paging);
    return { Archives: await Promise.all(page.map(({ archive }) => summary(archive))), ...rest };
  }

  private birthOf(name: string, sourceArn: string): ArchiveBirth {
    const known = this.births.load().find(({ key }) => key === name)?.item;
    if (!known) return this.births.replace(name, { sourceArn, createdAt: Date.now() / 1000 }).item;
    if (known.sourceArn === sourceArn) return known;
    throw new Error(`SourceArn: the archive ${name} is of ${known.sourceArn}, and an archive cannot change its bus`);
  }
}

async function summary(archive: Archive) {
  const { name, sourceArn, retentionDays, createdAt } = archive.definition;
  const { events, bytes } = await archive.size();
  return {
    ArchiveName: name,
    EventSourceArn: sourceArn,
    State: 'ENABLED',
    RetentionDays: retentionDays,
    SizeBytes: bytes,
    EventCount: events,
    CreationTime: createdAt,
  };
}

function busOf(arn: string): string {
  return arn.replace(/^arn:.*:event-bus\//, '');
}
