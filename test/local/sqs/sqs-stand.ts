import { ReceiveMessageCommand, type ReceiveMessageCommandInput, SQSClient } from '@aws-sdk/client-sqs';
import type { AwsService } from '../../../local/aws-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { createSqs } from '../../../local/sqs/sqs-service.ts';
import { type Embedded, startEmbedded } from '../lambda/embedded.ts';

export const ROLE = 'arn:aws:iam::000000000000:role/caller';

/** SQS behind a gateway, and a client of it. */
export interface SqsStand {
  readonly embedded: Embedded;
  readonly sqs: AwsService;
  readonly client: SQSClient;
  /** Creates a queue; answers its URL. */
  createQueue(name: string, properties?: object): Promise<string>;
  /** Receives without waiting, with all attributes. */
  receive(url: string, more?: Partial<ReceiveMessageCommandInput>): ReturnType<typeof receiveAll>;
  stop(): Promise<void>;
  destroy(): Promise<void>;
}

export async function startSqs(folder?: string): Promise<SqsStand> {
  const embedded = await startEmbedded(folder);
  const { sqs, client } = await addSqs(embedded);
  return {
    embedded,
    sqs,
    client,
    createQueue: (name, properties) => createQueue(embedded, sqs, name, properties),
    receive: (url, more) => receiveAll(client, url, more),
    stop: async () => {
      client.destroy();
      await embedded.stop();
    },
    destroy: async () => {
      client.destroy();
      await embedded.destroy();
    },
  };
}

export async function addSqs(embedded: Embedded): Promise<{ sqs: AwsService; client: SQSClient }> {
  const sqs = embedded.add(await createSqs(embedded.aws));
  return { sqs, client: new SQSClient({ ...clientConfig(embedded.aws, ROLE, 'test'), maxAttempts: 1 }) };
}

export async function createQueue(embedded: Embedded, sqs: AwsService, name: string, properties: object = {}) {
  return (await embedded.create(sqs, 'AWS::SQS::Queue', name, { QueueName: name, ...properties })).ref;
}

export async function receiveAll(client: SQSClient, url: string, more: Partial<ReceiveMessageCommandInput> = {}) {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
      ...more,
    }),
  );
  return Messages;
}
