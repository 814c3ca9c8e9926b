// A process that is killed in the middle of its work: the stand of the replay tests in the folder that it is given, with
// a rule for replayed events alone. Of those its function gets some, and Lambda does not answer for the others: a replay of
// more stays under way until the process is killed. Says its endpoint and keys on its first line.
import { writeSync } from 'node:fs';
import { clientConfig } from '../../../local/service-principal.ts';
import { createKeptAndReplayed, startReplayStand } from './replay-stand.ts';

const ANSWERED = 200;
const stand = await startReplayStand(process.argv[2] ?? '');
await createKeptAndReplayed(stand);
await stand.ready();
const handle = stand.lambda.handle.bind(stand.lambda);
let requests = 0;
stand.lambda.handle = (request) => {
  requests += 1;
  return requests > ANSWERED ? new Promise(() => {}) : handle(request);
};
writeSync(1, `${JSON.stringify(clientConfig(stand.embedded.aws, 'arn:aws:iam::000000000000:role/caller', 'test'))}\n`);
