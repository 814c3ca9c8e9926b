/** Starts executions without end and prints each one's ARN once it is started, until it is killed. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalAws } from '../../../local/aws-service.ts';
import { createStepFunctions } from '../../../local/stepfunctions/stepfunctions-service.ts';
import { startIn } from './start-in.ts';

const [folder = ''] = process.argv.slice(2);
const aws: LocalAws = {
  region: 'us-east-1',
  accountId: '000000000000',
  folder: (service) => {
    mkdirSync(join(folder, service), { recursive: true });
    return join(folder, service);
  },
  endpoint: () => 'http://127.0.0.1:9',
  credentials: () => ({ accessKeyId: 'none', secretAccessKey: 'none' }),
  publish: () => {},
  onEvent: () => () => {},
  log: () => {},
};
const service = await createStepFunctions(aws);
const start = await startIn(service);
for (;;) {
  process.stdout.write(`${await start()}\n`);
  await new Promise((resolve) => setImmediate(resolve));
}
