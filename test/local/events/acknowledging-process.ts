// A process that is killed in the middle of its work: EventBridge and Lambda in the folder that it is given, with a rule
// for a function that notes down each event. Says its endpoint and keys on its first line.
import { writeSync } from 'node:fs';
import { createEventBridge } from '../../../local/events/events-service.ts';
import { bundleRuntime } from '../../../local/lambda/bundle-runtime.ts';
import { createLambda } from '../../../local/lambda/lambda-service.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { startEmbedded } from '../lambda/embedded.ts';
import { createNotes } from './notes.ts';

const embedded = await startEmbedded(process.argv[2] ?? '');
embedded.add(await createLogs(embedded.aws));
const runtimePath = await bundleRuntime(embedded.folder);
const lambda = embedded.add(await createLambda(embedded.aws, { resolveCode: (_bucket, key) => key, runtimePath }));
const events = embedded.add(await createEventBridge(embedded.aws));
await createNotes(embedded, lambda, events);
await lambda.ready?.();
await events.ready?.();
writeSync(1, `${JSON.stringify(clientConfig(embedded.aws, 'arn:aws:iam::000000000000:role/caller', 'test'))}\n`);
