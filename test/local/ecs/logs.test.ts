import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CloudWatchLogsClient, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../local/ecs/line-splitter.ts';
import { LogStream } from '../../../local/ecs/log-stream.ts';
import { AwsError } from '../../../local/gateway/aws-error.ts';
import { awslogs, LOG_GROUP, type Stand, startStand, waitFor } from './stand.ts';

let stand: Stand | undefined;
afterEach(() => stand?.close());

async function logging(source: string, onPut?: () => Promise<void>) {
  stand = await startStand({ app: source }, onPut ? { onPut } : {});
  await stand.define({ LogConfiguration: awslogs });
  return { stand, task: await stand.run() };
}

describe('the output of a container', () => {
  it('is in its log stream, in order and whole, before the task is STOPPED', async () => {
    const source = `for (let n = 0; n < 25000; n++) console.log('line ' + n); process.stdout.write('the end');`;
    const { stand, task } = await logging(source);

    await stand.until(task, 'STOPPED');

    const expected = Array.from({ length: 25_000 }, (_, n) => `line ${n}`);
    expect(stand.logOf(task)).toEqual([...expected, 'the end']);
  });

  it('arrives while the container runs', async () => {
    const { stand, task } = await logging(`console.log('out'); console.error('err'); setInterval(() => {}, 1000);`);

    await waitFor('both lines', () => (stand.logOf(task).length === 2 ? true : undefined));

    expect(stand.eventsOf(task).map(({ lastStatus }) => lastStatus)).not.toContain('STOPPED');
    expect([...stand.logOf(task)].sort()).toEqual(['err', 'out']);
  });

  it('is delivered once the log service answers again', async () => {
    let failures = 4;
    const { stand, task } = await logging(`for (let n = 0; n < 9; n++) console.log('line ' + n);`, async () => {
      failures -= 1;
      if (failures >= 0) throw new AwsError('ServiceUnavailableException', 'not now', { status: 503 });
    });

    await stand.until(task, 'STOPPED');

    expect(failures).toBeLessThan(0);
    expect(stand.logOf(task)).toEqual(Array.from({ length: 9 }, (_, n) => `line ${n}`));
    expect(stand.lines).toEqual([]);
  });

  it('is reported as lost where its log stream is gone, and the task goes on', async () => {
    const { stand, task } = await logging(`console.log('one'); console.log('two');`, async () => {
      throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
    });

    const stop = await stand.until(task, 'STOPPED');

    expect(stop.containers).toMatchObject([{ exitCode: 0 }]);
    expect(stand.lines.at(-1)).toMatch(/2 log lines for agent\/worker\/[0-9a-f]{32} were lost$/);
  });

  it('is held back where the log service is slower, so that no more than a few batches wait in memory', async () => {
    let release = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const source = `
      import { writeFileSync } from 'node:fs';
      for (let kilobytes = 1; kilobytes <= 20000; kilobytes++) {
        await new Promise((written) => process.stdout.write('x'.repeat(999) + '\\n', written));
        if (kilobytes % 100 === 0) writeFileSync('progress', String(kilobytes));
      }`;
    const { stand, task } = await logging(source, () => slow);
    const progress = join(stand.folder, 'images', 'app', 'progress');

    const held = await settled(() => (existsSync(progress) ? Number(readFileSync(progress, 'utf8')) : 0));
    release();
    await stand.until(task, 'STOPPED');

    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(6_000);
    expect(stand.logOf(task)).toHaveLength(20_000);
  });

  it.each([
    { patience: 10_000, standstill: 700 },
    { patience: 2_000, standstill: 1_200 },
  ])(
    'is whole though this process stands still for $standstill ms while it closes',
    async ({ patience, standstill }) => {
      const said: string[] = [];
      const send = async ({ input }: PutLogEventsCommand) => {
        said.push(...(input.logEvents ?? []).map(({ message = '' }) => message));
      };
      const client = { send } as unknown as CloudWatchLogsClient;
      const stream = new LogStream(client, { logGroupName: LOG_GROUP, logStreamName: 'agent' }, () => {});
      stream.take(spawn('sh', ['-c', 'echo late'], { stdio: ['ignore', 'pipe', 'ignore'] }).stdout);

      const closed = stream.close(patience);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, standstill);
      await closed;

      expect(said).toEqual(['late']);
    },
  );
});

/** A value above 0 that has stayed the same for a while. */
async function settled(read: () => number): Promise<number> {
  let last = 0;
  let since = Date.now();
  return waitFor('a value to settle', () => {
    const value = read();
    if (value !== last) since = Date.now();
    last = value;
    return value > 0 && Date.now() - since > 300 ? value : undefined;
  });
}

describe('lines', () => {
  function split(limit: number, chunks: readonly (string | Buffer)[]): string[] {
    const splitter = new LineSplitter(limit);
    return [...chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk))), ...splitter.end()];
  }

  it.each([
    ['are cut at newlines wherever the chunks end', 100, ['a\nb', 'c\n\nd'], ['a', 'bc', 'd']],
    ['are cut where they are too long', 4, ['abcdefghij\nk'], ['abcd', 'efgh', 'ij', 'k']],
    ['are cut where they are too long before their end is known', 4, ['abc', 'def', 'gh'], ['abcd', 'efgh']],
    ['are cut between characters', 5, ['aé€😀b'], ['aé', '€', '😀b']],
    ['keep characters that two chunks share', 100, [Buffer.from([0xe2, 0x82]), Buffer.from([0xac])], ['€']],
  ])('%s', (_, limit, chunks, expected) => {
    const lines = split(limit, chunks);

    expect(lines).toEqual(expected);
  });
});
