// A process that is killed in the middle of its work: SQS with one queue, in the folder that it is given. Says its
// endpoint and keys, and the queue's URL, on its first line.
import { writeSync } from 'node:fs';
import { clientConfig } from '../../../local/service-principal.ts';
import { createSqs } from '../../../local/sqs/sqs-service.ts';
import { startEmbedded } from '../lambda/embedded.ts';

const embedded = await startEmbedded(process.argv[2] ?? '');
const sqs = embedded.add(await createSqs(embedded.aws));
const { ref: url } = await embedded.create(sqs, 'AWS::SQS::Queue', 'Queue', { QueueName: 'queue' });
const options = clientConfig(embedded.aws, 'arn:aws:iam::000000000000:role/caller', 'test');
writeSync(1, `${JSON.stringify({ options, url })}\n`);
