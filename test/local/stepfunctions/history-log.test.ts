import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { History } from '../../../local/stepfunctions/engine/history.ts';
import { HistoryLog } from '../../../local/stepfunctions/store/history-log.ts';

let folder: string;
let log: HistoryLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-log-'));
  log = new HistoryLog(folder);
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Records so many events of an execution. */
function record(executionArn: string, count: number, size = 0): void {
  const history = new History(log.sink(executionArn), () => 0);
  for (let index = 0; index < count; index += 1) history.append('PassStateEntered', index, { input: 'x'.repeat(size) });
}

const ids = (executionArn: string, chunks?: Parameters<HistoryLog['read']>[1]) => {
  return log.read(executionArn, chunks).map(({ id }) => id);
};

it('keeps the histories of executions apart that are recorded at the same time', () => {
  const [one, two] = [new History(log.sink('arn:1'), () => 0), new History(log.sink('arn:2'), () => 0)];
  for (let index = 0; index < 100; index += 1) {
    one.append('PassStateEntered', index);
    two.append('PassStateExited', index);
  }

  const chunks = log.end('arn:1');

  expect(log.read('arn:1', chunks).map(({ type }) => type)).toEqual(Array(100).fill('PassStateEntered'));
  expect(ids('arn:2')).toHaveLength(100);
});

it('finds the chunks of an execution that never ended, in every segment from its start on', () => {
  record('arn:lost', 70);
  record('arn:large', 300, 200_000);
  log.end('arn:large');
  record('arn:other', 3);
  const lostAgain = new History(log.sink('arn:late'), () => 0);
  lostAgain.append('ExecutionStarted', 0);
  log.close();

  log = new HistoryLog(folder);
  const found = log.find(new Set(['arn:lost', 'arn:late']), 1);

  expect(log.segment).toBeGreaterThan(1);
  expect(ids('arn:lost', found.get('arn:lost'))).toEqual(Array.from({ length: 70 }, (_, index) => index + 1));
  expect(ids('arn:late', found.get('arn:late'))).toEqual([1]);
});

it('goes on after a line that was cut off', () => {
  record('arn:1', 2);
  const chunks = log.end('arn:1');
  log.close();
  appendFileSync(join(folder, '1.jsonl'), '["arn:2",[{"id":');

  log = new HistoryLog(folder);
  record('arn:3', 1);
  const after = log.end('arn:3');

  expect(ids('arn:1', chunks)).toEqual([1, 2]);
  expect(ids('arn:3', after)).toEqual([1]);
});
