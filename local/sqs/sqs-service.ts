import type { AwsRequest, AwsService, LocalAws } from '../aws-service.ts';
import { type JsonOperation, jsonOperations } from '../gateway/json-service.ts';
import { withQueryError } from '../gateway/query-error.ts';
import { DRY_RUN_HEADER } from '../service-principal.ts';
import { changeVisibility, changeVisibilityBatch, deleteMessage, deleteMessageBatch } from './handled-messages.ts';
import type { Queue } from './queue.ts';
import { describeQueue } from './queue-attributes.ts';
import { QueuePolicies } from './queue-policies.ts';
import { readQueue } from './queue-properties.ts';
import { Queues } from './queues.ts';
import { receiveMessage } from './receive-message.ts';
import { sendMessage, sendMessageBatch } from './send-message.ts';

/** An operation on a queue that is there, and that the caller may use so. */
type QueueOperation = (queue: Queue, input: object, request: AwsRequest) => unknown;

const QUEUE_OPERATIONS: Readonly<Record<string, QueueOperation>> = {
  SendMessage: sendMessage,
  SendMessageBatch: sendMessageBatch,
  ReceiveMessage: receiveMessage,
  DeleteMessage: deleteMessage,
  DeleteMessageBatch: deleteMessageBatch,
  ChangeMessageVisibility: changeVisibility,
  ChangeMessageVisibilityBatch: changeVisibilityBatch,
  GetQueueAttributes: describeQueue,
  PurgeQueue: (queue) => queue.purge(),
};

/** SQS: the template's standard queues, with their messages as files. */
export async function createSqs(aws: LocalAws): Promise<AwsService> {
  const queues = new Queues(aws);
  const policies = new QueuePolicies(aws);
  const operations = Object.entries(QUEUE_OPERATIONS).map(([name, operation]): [string, JsonOperation] => [
    name,
    (input, request) => {
      const queue = queues.byUrl(input.QueueUrl);
      policies.check(queue.configuration.arn, name, request);
      // Who only asks whether it may send is told what it would be told, and nothing is kept.
      const dryRun = name === 'SendMessage' && DRY_RUN_HEADER in request.headers;
      return operation(dryRun ? queue.imaginary() : queue, input, request);
    },
  ]);
  const handle = jsonOperations(
    {
      ...Object.fromEntries(operations),
      GetQueueUrl: (input, request) => {
        const { name, arn } = queues.find(input).configuration;
        policies.check(arn, 'GetQueueUrl', request);
        return { QueueUrl: queues.urlOf(name) };
      },
      ListQueues: (input) => queues.list(input),
    },
    (error) => aws.log(`sqs: ${String(error)}`),
  );
  return {
    signingName: 'sqs',
    resources: {
      'AWS::SQS::Queue': (resource) => {
        const { configuration } = queues.add(readQueue(resource, aws));
        const { name, arn } = configuration;
        const url = queues.urlOf(name);
        return { ref: url, attributes: { Arn: arn, QueueName: name, QueueUrl: url } };
      },
      'AWS::SQS::QueuePolicy': (resource) => policies.create(resource, (url) => queues.byUrl(url).configuration),
    },
    handle: async (request) => withQueryError(await handle(request)),
    close: async () => queues.close(),
  };
}
