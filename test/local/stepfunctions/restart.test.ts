import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Stand } from './stand.ts';

const WAITS = { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 3600, End: true } } };
const PASSES = { StartAt: 'P', States: { P: { Type: 'Pass', End: true } } };

let stand: Stand;
beforeEach(async () => {
  stand = await Stand.start();
});
afterEach(() => stand.remove());

async function restart(): Promise<void> {
  await stand.stop();
  stand = await Stand.start(stand.folder);
}

function historyFile(): string {
  const folder = join(stand.folder, 'stepfunctions', 'histories');
  return join(folder, readdirSync(folder)[0] ?? '');
}

it('keeps executions, their histories and the state machine across a restart', async () => {
  const machine = await stand.create(PASSES);
  const { executionArn = '' } = await stand.run(machine, { kept: true });
  const before = await stand.history(executionArn);

  await restart();
  await stand.create(PASSES);
  await stand.service.ready?.();

  const described = await stand.client.send(new DescribeExecutionCommand({ executionArn }));
  expect(described).toMatchObject({ status: 'SUCCEEDED', input: '{"kept":true}', output: '{"kept":true}' });
  expect(await stand.history(executionArn)).toEqual(before);
  expect(stand.events).toEqual([]);
});

it('aborts on boot what was running, in its history and on the bus', async () => {
  const executionArn = await stand.startExecution(await stand.create(WAITS), { n: 1 });

  await restart();
  await stand.create(WAITS);
  await stand.service.ready?.();

  const history = await stand.history(executionArn);
  expect(stand.statuses(executionArn)).toEqual(['ABORTED']);
  expect(stand.events[0]?.detail).toMatchObject({ input: '{"n":1}', stopDate: expect.any(Number) });
  expect(history.map(({ id, type }) => [id, type])).toEqual([
    [1, 'ExecutionStarted'],
    [2, 'WaitStateEntered'],
    [3, 'ExecutionAborted'],
  ]);
  expect(await stand.ended(executionArn)).toMatchObject({ status: 'ABORTED' });
});

it('reads a history whose last line was cut off when the process died', async () => {
  const executionArn = await stand.startExecution(await stand.create(WAITS));
  await stand.history(executionArn);
  const file = historyFile();
  await stand.stop();
  appendFileSync(file, '{"timestamp":1,"type":"WaitState');

  stand = await Stand.start(stand.folder);
  await stand.service.ready?.();

  expect((await stand.history(executionArn)).at(-1)).toMatchObject({ id: 3, type: 'ExecutionAborted' });
});

it('takes the end that a history already has, and tells it once more', async () => {
  const { executionArn = '' } = await stand.run(await stand.create(PASSES));
  await stand.stop();
  const index = join(stand.folder, 'stepfunctions', 'executions.jsonl');
  const [started = ''] = readFileSync(index, 'utf8').split('\n');
  writeFileSync(index, `${started}\n`);

  stand = await Stand.start(stand.folder);
  await stand.service.ready?.();

  expect(stand.statuses(executionArn)).toEqual(['SUCCEEDED']);
  expect((await stand.history(executionArn)).at(-1)).toMatchObject({ type: 'ExecutionSucceeded' });
});
