import { type MessageAttributeValue, SendMessageCommand, SQSClient, SQSServiceException } from '@aws-sdk/client-sqs';
import type { LocalAws } from './aws-service.ts';
import { clientConfig, DRY_RUN_HEADER, SOURCE_ARN_HEADER } from './service-principal.ts';

/** A message, and for which rule it is sent, if for one. */
export interface QueueMessage {
  readonly queueArn: string;
  readonly body: string;
  readonly attributes?: Readonly<Record<string, MessageAttributeValue>>;
  /** The rule that sends, where a service does so in its own name. */
  readonly sourceArn?: string;
}

/** The shape of the ARN of a standard queue. */
export const QUEUE_ARN = /^arn:aws:sqs:[^:]*:\d{12}:[\w-]{1,80}$/;

/** A text that SQS takes as the value of an attribute: cut to size, never empty, without control characters. */
export function attributeText(text: string, maxBytes: number): string {
  const printable = text.replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '?');
  return Buffer.from(printable, 'utf8').subarray(0, maxBytes).toString('utf8') || '?';
}

/** Whether SQS has said no: it would do so again. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof SQSServiceException)) return false;
  const status = error.$metadata.httpStatusCode ?? 500;
  return status >= 400 && status < 500;
}

/** Sends messages in the name of a service, which a queue's policy must allow, or as a role. */
export class QueueSender {
  private client: SQSClient | undefined;

  /** @param roleArn of a role, or what `serviceRole` gives */
  constructor(
    private readonly aws: LocalAws,
    private readonly roleArn: string,
    private readonly sessionName: string,
  ) {}

  /** Resolves where the queue is there and would take a message; rejects with SQS's error. */
  async verify(queueArn: string, sourceArn?: string): Promise<void> {
    await this.call(
      { queueArn, body: '{}', ...(sourceArn !== undefined && { sourceArn }) },
      { [DRY_RUN_HEADER]: 'true' },
    );
  }

  /** Rejects with SQS's error. */
  async send(message: QueueMessage): Promise<void> {
    await this.call(message, {});
  }

  close(): void {
    this.client?.destroy();
  }

  private async call(message: QueueMessage, more: Readonly<Record<string, string>>): Promise<void> {
    // Who sends here retries by its own rules, or not at all.
    this.client ??= new SQSClient({ ...clientConfig(this.aws, this.roleArn, this.sessionName), maxAttempts: 1 });
    const [accountId, name] = message.queueArn.split(':').slice(4);
    const command = new SendMessageCommand({
      QueueUrl: `${this.aws.endpoint()}/${accountId}/${name}`,
      MessageBody: message.body,
      MessageAttributes: message.attributes,
    });
    const headers = { ...(message.sourceArn !== undefined && { [SOURCE_ARN_HEADER]: message.sourceArn }), ...more };
    command.middlewareStack.add(
      (next) => (args) => {
        const { request } = args as { request: { headers: Record<string, string> } };
        Object.assign(request.headers, headers);
        return next(args);
      },
      { step: 'build' },
    );
    await this.client.send(command);
  }
}
