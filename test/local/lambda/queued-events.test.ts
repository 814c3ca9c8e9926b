import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AwsService } from '../../../local/aws-service.ts';
import { bundleRuntime } from '../../../local/lambda/bundle-runtime.ts';
import { createLambda } from '../../../local/lambda/lambda-service.ts';
import { createLogs } from '../../../local/logs/logs-service.ts';
import { clientConfig } from '../../../local/service-principal.ts';
import { type Embedded, eventually, functionProperties, startEmbedded, writeCode } from './embedded.ts';

let embedded: Embedded;
let lambda: AwsService;
let client: LambdaClient;

beforeEach(async () => {
  embedded = await start();
});

afterEach(async () => {
  client.destroy();
  await embedded.destroy();
});

/** A Lambda in a folder, an earlier one's or a new one, with a function that appends each event to `seen`. */
async function start(folder?: string, properties: object = {}): Promise<Embedded> {
  const started = await startEmbedded(folder);
  started.add(await createLogs(started.aws));
  const runtimePath = await bundleRuntime(started.folder);
  const options = { resolveCode: (_bucket: string, key: string) => key, runtimePath, retryAfterMs: [1, 1] };
  lambda = started.add(await createLambda(started.aws, options));
  client = new LambdaClient({
    ...clientConfig(started.aws, 'arn:aws:iam::000000000000:role/caller', 'test'),
    maxAttempts: 1,
  });
  const directory = writeCode(
    started.folder,
    'Notes',
    `import { appendFileSync, existsSync } from 'node:fs';
     export const handler = async (event) => {
       appendFileSync(process.env.SEEN_FILE, JSON.stringify(event) + '\\n');
       if (event.failUntil && !existsSync(event.failUntil)) throw new Error('not yet');
     };`,
  );
  const Environment = { Variables: { SEEN_FILE: join(started.folder, 'seen') } };
  await started.create(
    lambda,
    'AWS::Lambda::Function',
    'Notes',
    functionProperties(directory, { FunctionName: 'Notes', Environment, ...properties }),
  );
  return started;
}

function send(event: unknown) {
  return client.send(
    new InvokeCommand({ FunctionName: 'Notes', InvocationType: 'Event', Payload: JSON.stringify(event) }),
  );
}

function seen(): unknown[] {
  const file = join(embedded.folder, 'seen');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function queued(): string[] {
  return readdirSync(join(embedded.folder, 'lambda', 'queue'));
}

describe('a queued event', () => {
  it('is accepted at once and leaves the queue when the function has handled it', async () => {
    await lambda.ready?.();

    const answer = await send({ n: 1 });

    expect(answer.StatusCode).toBe(202);
    await eventually(() => expect(seen()).toEqual([{ n: 1 }]));
    await eventually(() => expect(queued()).toEqual([]));
  });

  it('is tried twice more, then dropped with a line in the log', async () => {
    await lambda.ready?.();

    await send({ failUntil: '/nowhere' });

    await eventually(() =>
      expect(embedded.lines.join()).toMatch(/Notes dropped event .* after 3 attempts: Error: not yet/),
    );
    expect(seen()).toHaveLength(3);
    expect(queued()).toEqual([]);
  });

  it('is tried as often as the function has configured', async () => {
    const config = { FunctionName: 'Notes', Qualifier: '$LATEST', MaximumRetryAttempts: 0 };
    await embedded.create(lambda, 'AWS::Lambda::EventInvokeConfig', 'Config', config);
    await lambda.ready?.();

    await send({ failUntil: '/nowhere' });

    await eventually(() => expect(embedded.lines.join()).toMatch(/dropped event .* after 1 attempts/));
    expect(seen()).toHaveLength(1);
  });

  it('that was accepted and not run survives the process', async () => {
    await send({ n: 7 });
    expect(queued()).toHaveLength(1);
    await embedded.stop();

    embedded = await start(embedded.folder);
    await lambda.ready?.();

    await eventually(() => expect(seen()).toEqual([{ n: 7 }]));
    await eventually(() => expect(queued()).toEqual([]));
  });

  it('of a function that is gone is dropped with a line in the log', async () => {
    await send({ n: 1 });
    await embedded.stop();

    embedded = await start(embedded.folder, { FunctionName: 'Other' });
    await lambda.ready?.();

    await eventually(() => expect(embedded.lines.join()).toMatch(/Notes dropped event .*Function not found/));
    expect(queued()).toEqual([]);
  });

  it('waits while the function has no concurrency, and is kept', async () => {
    await embedded.stop();
    embedded = await start(embedded.folder, { ReservedConcurrentExecutions: 0 });
    await lambda.ready?.();

    await send({ n: 1 });
    await embedded.stop();

    expect(queued()).toHaveLength(1);
    embedded = await start(embedded.folder);
    await lambda.ready?.();
    await eventually(() => expect(seen()).toEqual([{ n: 1 }]));
  });
});
