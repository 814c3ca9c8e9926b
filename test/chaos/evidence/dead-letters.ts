import { ListQueuesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { EmbeddedProcess } from '../killable-aws.ts';

/** What nobody could handle. */
export interface DeadLetter {
  readonly queue: string;
  readonly body: string;
  /** What Lambda or EventBridge says of why. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Reads every queue; its messages are out of sight for half a minute then. */
export async function readDeadLetters({ operator }: EmbeddedProcess): Promise<DeadLetter[]> {
  const client = new SQSClient(operator);
  const letters: DeadLetter[] = [];
  const { QueueUrls = [] } = await client.send(new ListQueuesCommand({}));
  for (const QueueUrl of QueueUrls) {
    for (;;) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
      );
      if (Messages.length === 0) break;
      for (const { Body: body = '', MessageAttributes = {} } of Messages) {
        const attributes = Object.entries(MessageAttributes).map(([name, { StringValue }]) => [
          name,
          StringValue ?? '',
        ]);
        letters.push({ queue: QueueUrl.split('/').at(-1) ?? '', body, attributes: Object.fromEntries(attributes) });
      }
    }
  }
  client.destroy();
  return letters;
}
