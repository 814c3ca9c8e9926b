import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  paginateListQueues,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { ExplainedError } from '../../local/cli/command-line.ts';

const SUFFIX = '-dead-letters';
/** SQS hands over so many messages at most, and changes so many at once. */
export const BATCH = 10;
/** Seconds for which nobody else is handed a message that was received here; what is left over then comes back by itself. */
const HIDDEN_SECONDS = 120;
/** Seconds of waiting for a message: a request that does not wait asks some of SQS's servers only, and may find nothing. */
const WAIT_SECONDS = 2;

/** An event that a function could not handle, or was not handed. */
export interface DeadLetter {
  readonly messageId: string;
  readonly receiptHandle: string;
  /** The event, as the function was or should have been called with it: JSON text. */
  readonly body: string;
  readonly sentAt: Date;
  /** What Lambda (`ErrorCode`, `ErrorMessage`) or EventBridge (`ERROR_CODE`, `ERROR_MESSAGE`, `RULE_ARN`) says of it. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface DeadLetterQueueNames {
  readonly queueName: string;
  readonly functionName: string;
}

/** `settle`, `outpost-settle` and `outpost-settle-dead-letters` are the same to the prefix `outpost`. */
export function deadLetterQueueNames(given: string, prefix: string): DeadLetterQueueNames {
  const name = given.endsWith(SUFFIX) ? given.slice(0, -SUFFIX.length) : given;
  const functionName = name.startsWith(`${prefix}-`) ? name : `${prefix}-${name}`;
  return { functionName, queueName: `${functionName}${SUFFIX}` };
}

/** @throws ExplainedError that names the queues there are, where this one is not among them */
export async function openDeadLetterQueue(
  client: SQSClient,
  queueName: string,
  prefix: string,
): Promise<DeadLetterQueue> {
  try {
    const { QueueUrl = '' } = await client.send(new GetQueueUrlCommand({ QueueName: queueName }));
    return new DeadLetterQueue(client, QueueUrl);
  } catch (cause) {
    if (!(cause instanceof QueueDoesNotExist)) throw cause;
    const known = await deadLetterQueues(client, prefix);
    const there = known.length > 0 ? known.join(', ') : `none that begins with ${prefix}-`;
    throw new ExplainedError(`there is no queue ${queueName} here. There is: ${there}`, { cause });
  }
}

async function deadLetterQueues(client: SQSClient, prefix: string): Promise<string[]> {
  const names: string[] = [];
  const pages = paginateListQueues({ client, pageSize: 1000 }, { QueueNamePrefix: `${prefix}-` });
  for await (const { QueueUrls = [] } of pages) names.push(...QueueUrls.map((url) => url.split('/').at(-1) ?? ''));
  return names.filter((name) => name.endsWith(SUFFIX));
}

export class DeadLetterQueue {
  constructor(
    private readonly client: SQSClient,
    private readonly url: string,
    private readonly waitSeconds = WAIT_SECONDS,
  ) {}

  /** About how many messages may be received. */
  async count(): Promise<number> {
    const { Attributes = {} } = await this.client.send(
      new GetQueueAttributesCommand({ QueueUrl: this.url, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    return Number(Attributes['ApproximateNumberOfMessages'] ?? 0);
  }

  /** At most ten, hidden from everybody for two minutes; none where none is left. */
  async receive(most: number): Promise<DeadLetter[]> {
    const { Messages = [] } = await this.client.send(
      new ReceiveMessageCommand({
        QueueUrl: this.url,
        MaxNumberOfMessages: Math.min(most, BATCH),
        VisibilityTimeout: HIDDEN_SECONDS,
        WaitTimeSeconds: this.waitSeconds,
        MessageSystemAttributeNames: ['SentTimestamp'],
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages.map(readLetter);
  }

  async delete({ receiptHandle }: DeadLetter): Promise<void> {
    await this.client.send(new DeleteMessageCommand({ QueueUrl: this.url, ReceiptHandle: receiptHandle }));
  }

  /** Lets messages be received again at once. */
  async release(letters: readonly DeadLetter[]): Promise<void> {
    for (let first = 0; first < letters.length; first += BATCH) {
      const Entries = letters
        .slice(first, first + BATCH)
        .map(({ receiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle: receiptHandle, VisibilityTimeout: 0 }));
      await this.client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.url, Entries }));
    }
  }
}

function readLetter({ MessageId = '', ReceiptHandle = '', Body = '', ...message }: Message): DeadLetter {
  const attributes = Object.entries(message.MessageAttributes ?? {});
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    sentAt: new Date(Number(message.Attributes?.SentTimestamp ?? 0)),
    attributes: Object.fromEntries(attributes.map(([name, { StringValue = '' }]) => [name, StringValue])),
  };
}
