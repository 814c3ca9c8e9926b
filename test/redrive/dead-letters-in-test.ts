import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { DeadLetterQueue } from '../../scripts/redrive/dead-letter-queue.ts';
import { type SqsStand, startSqs } from '../local/sqs/sqs-stand.ts';

/** A dead-letter queue of the embedded SQS, which answers at once where it is empty. */
export interface DeadLettersInTest {
  readonly client: SQSClient;
  readonly queue: DeadLetterQueue;
  /** Puts messages of these bodies there. */
  put(...bodies: string[]): Promise<void>;
  /** The bodies of what can be received now, sorted. */
  left(): Promise<string[]>;
  destroy(): Promise<void>;
}

export async function startDeadLetters(name = 'outpost-settle-dead-letters'): Promise<DeadLettersInTest> {
  const stand: SqsStand = await startSqs();
  const url = await stand.createQueue(name);
  const { client } = stand;
  return {
    client,
    queue: new DeadLetterQueue(client, url, 0),
    put: async (...bodies) => {
      const sent = bodies.map((MessageBody) => {
        const ErrorMessage = { DataType: 'String', StringValue: `no ${MessageBody}` };
        return client.send(new SendMessageCommand({ QueueUrl: url, MessageBody, MessageAttributes: { ErrorMessage } }));
      });
      await Promise.all(sent);
    },
    left: async () => {
      const bodies: string[] = [];
      for (;;) {
        const messages = await stand.receive(url);
        if (messages.length === 0) return bodies.sort();
        bodies.push(...messages.map(({ Body = '' }) => Body));
      }
    },
    destroy: () => stand.destroy(),
  };
}
