import { statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LocalAws } from '../aws-service.ts';
import { DurableQueue } from '../durable-queue.ts';
import { Queue } from './queue.ts';
import type { QueueConfiguration } from './queue-properties.ts';
import { missingParameter, queueDoesNotExist, readInput } from './sqs-error.ts';
import type { StoredMessage } from './stored-message.ts';

const GetQueueUrlInput = z.strictObject({ QueueName: z.string(), QueueOwnerAWSAccountId: z.string().nullish() });
const ListQueuesInput = z.strictObject({
  QueueNamePrefix: z.string().nullish(),
  MaxResults: z.number().int().min(1).max(1000).nullish(),
  NextToken: z.string().nullish(),
});

/** The queues of the template. */
export class Queues {
  private readonly byName = new Map<string, Queue>();

  constructor(private readonly aws: LocalAws) {}

  /** Opens the queue, with the messages that an earlier process has left in it. */
  add(configuration: QueueConfiguration): Queue {
    const { name } = configuration;
    if (this.byName.has(name)) throw new Error(`QueueName: ${name} is there twice`);
    const folder = join(this.aws.folder('sqs'), name);
    const store = new DurableQueue<StoredMessage>(folder);
    const queue = new Queue(configuration, store, statSync(folder).birthtimeMs);
    this.byName.set(name, queue);
    return queue;
  }

  urlOf(name: string): string {
    return `${this.aws.endpoint()}/${this.aws.accountId}/${name}`;
  }

  /** The host of a URL is not looked at: an earlier process may have listened on another port. */
  byUrl(url: unknown): Queue {
    if (typeof url !== 'string' || url === '') throw missingParameter('QueueUrl');
    const [, accountId, name = ''] = /\/(\d{12})\/([^/]+)$/.exec(url) ?? [];
    const queue = accountId === this.aws.accountId ? this.byName.get(name) : undefined;
    if (!queue) throw queueDoesNotExist();
    return queue;
  }

  /** The queue that `GetQueueUrl` asks for. */
  find(input: object): Queue {
    const { QueueName, QueueOwnerAWSAccountId: owner } = readInput(GetQueueUrlInput, input);
    const queue = (owner ?? this.aws.accountId) === this.aws.accountId ? this.byName.get(QueueName) : undefined;
    if (!queue) throw queueDoesNotExist();
    return queue;
  }

  /** `ListQueues`: in order of the names, paged where `MaxResults` says so, else the first thousand. */
  list(input: object) {
    const { QueueNamePrefix, MaxResults, NextToken } = readInput(ListQueuesInput, input);
    const after = NextToken ? Buffer.from(NextToken, 'base64url').toString('utf8') : '';
    const names = [...this.byName.keys()].filter((name) => name > after && name.startsWith(QueueNamePrefix ?? ''));
    const page = names.sort().slice(0, MaxResults ?? 1000);
    const more = MaxResults && names.length > page.length;
    return {
      QueueUrls: page.map((name) => this.urlOf(name)),
      ...(more && { NextToken: Buffer.from(page.at(-1) ?? '', 'utf8').toString('base64url') }),
    };
  }

  close(): void {
    for (const queue of this.byName.values()) queue.close();
  }
}
