import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Trace } from '../../scripts/simulation/trace.ts';
import { traceOfCsv, traceOfFile } from '../../scripts/simulation/trace-csv.ts';

const DEFAULTS = { agents: new Map([['shell', 1]] as const), seed: 1 };

function read(text: string): Promise<Trace> {
  return traceOfCsv(Readable.from([Buffer.from(text)]), 'arrivals.csv', DEFAULTS);
}

describe('a trace from a CSV file', () => {
  it('takes ISO times, agents and run times, in any order of columns and rows', async () => {
    const trace = await read(
      'seconds,time,agent\n30,2026-01-05T09:30:00Z,claude\n60,2026-01-05T10:15:00+01:00,codex\n',
    );

    expect(trace.start.toISOString()).toBe('2026-01-05T09:00:00.000Z');
    expect([...trace.times]).toEqual([900, 1_800]);
    expect([...trace.runSeconds]).toEqual([60, 30]);
    expect([...trace.agentIndexes].map((index) => trace.agents[index])).toEqual(['codex', 'claude']);
  });

  it('takes seconds, and times without a zone as UTC', async () => {
    const bySeconds = await read('time\n10.5\n3\n');
    const byTime = await read('time\n2026-01-05 09:30\n2026-01-05T09:31:00.5\n');

    expect([...bySeconds.times]).toEqual([3, 10.5]);
    expect([...byTime.times]).toEqual([1_800, 1_860.5]);
  });

  it('gives dispatches that name no agent the one asked for, and a run time of chance', async () => {
    const trace = await read('time,agent,seconds\n1,,\n2,claude,5\n');

    expect([...trace.agentIndexes].map((index) => trace.agents[index])).toEqual(['shell', 'claude']);
    expect(trace.runSeconds[0]).toBeGreaterThan(0);
  });

  it('bears a byte order mark, Windows line ends, quotes, spaces and empty lines', async () => {
    const trace = await read('\uFEFFTime, agent\r\n\r\n"1", claude\r\n2,"codex"\r\n');

    expect([...trace.times]).toEqual([1, 2]);
  });

  it('reads rows that come in pieces', async () => {
    const pieces = Readable.from([...'time,agent\n17,claude\n25,codex\n'].map((letter) => Buffer.from(letter)));

    const trace = await traceOfCsv(pieces, 'arrivals.csv', DEFAULTS);

    expect([...trace.times]).toEqual([17, 25]);
  });

  it('holds a hundred thousand rows', async () => {
    const rows = Array.from({ length: 100_000 }, (_, place) => `${(place * 7_919) % 100_000},claude\n`);

    const trace = await read(`time,agent\n${rows.join('')}`);

    expect(trace.times).toHaveLength(100_000);
    expect(trace.times.every((time, place) => time === place)).toBe(true);
  });

  it.each([
    ['an empty file', '', 'arrivals.csv: it is empty'],
    ['a header alone', 'time,agent\n', 'no arrival below the header'],
    [
      'an unknown column',
      'time,model\n1,2\n',
      'line 1, column 2: expected a header of time, agent, seconds, and found "model"',
    ],
    ['semicolons', 'time;agent\n1;claude\n', 'line 1, column 1: expected a header'],
    ['no header', '12,claude\n', 'line 1, column 1: expected a header'],
    ['a header without time', 'agent\nclaude\n', "line 1, column 1: expected a column 'time'"],
    ['a column twice', 'time,agent,time\n1,claude,1\n', "line 1, column 3: the column 'time' is there twice"],
    ['a word for a time', 'time\n5\nsoon\n', 'line 3, column 1: expected a time as in'],
    ['a negative time', 'time\n-5\n', 'line 2, column 1: expected a time'],
    ['a day that does not exist', 'time\n2026-13-05T09:30:00Z\n', 'line 2, column 1: expected a time'],
    ['an unknown agent', 'time,agent\n5,clod\n', 'line 2, column 2: expected an agent (claude, '],
    [
      'a run time with a unit',
      'time,seconds\n5,90s\n',
      'line 2, column 2: expected how many seconds it ran, as in \'90\', and found "90s"',
    ],
    ['a cell too few', 'time,agent\n5,claude\n6\n', 'line 3, column 2: expected 2 cells'],
    ['a cell too many', 'time,agent\n5,claude,7\n', 'line 2, column 3: expected 2 cells'],
    [
      'milliseconds among seconds',
      'time\n1767605400\n1767605400000\n',
      'line 3, column 1: "1767605400000" makes the trace longer',
    ],
    ['a quote that does not close', 'time,agent\n5,"claude\n', 'arrivals.csv: Quote Not Closed'],
  ])('refuses %s, and says where', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  it('is read from its file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outpost-trace-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'arrivals.csv');
    await writeFile(file, 'time\n5\n');

    const trace = await traceOfFile(file, DEFAULTS);

    expect([...trace.times]).toEqual([5]);
    await expect(traceOfFile(join(folder, 'none.csv'), DEFAULTS)).rejects.toThrow('ENOENT');
  });
});
