import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgentUsage } from '../../core/agent-usage.ts';
import { aiderUsage } from '../../worker/agents/aider-usage.ts';
import { claudeUsage } from '../../worker/agents/claude-usage.ts';
import { codexUsage } from '../../worker/agents/codex-usage.ts';
import { geminiUsage } from '../../worker/agents/gemini-usage.ts';
import { grokUsage } from '../../worker/agents/grok-usage.ts';
import { LineFeed } from '../../worker/agents/line-feed.ts';
import type { UsageReader } from '../../worker/agents/usage-reader.ts';

const READERS = { claudeUsage, codexUsage, geminiUsage, grokUsage, aiderUsage };

/** What each CLI printed when it wrote a file by two answers of the stub model (Aider: by one). */
const RECORDINGS = join(import.meta.dirname, '../agents/recordings');

const TWO_ANSWERS = { inputTokens: 2400, cachedInputTokens: 400, outputTokens: 68 };

describe('what an agent has used', () => {
  it.each([
    ['claude.jsonl', claudeUsage, { ...TWO_ANSWERS, costUsd: 0.00944, turns: 2, model: 'claude-opus-5-5' }],
    ['codex.jsonl', codexUsage, TWO_ANSWERS],
    // Its router asks once more which model is to answer.
    [
      'gemini.jsonl',
      geminiUsage,
      { inputTokens: 3600, cachedInputTokens: 600, outputTokens: 102, model: 'gemini-3.8-flash' },
    ],
    ['grok.jsonl', grokUsage, { ...TWO_ANSWERS, turns: 2, model: 'grok-4.6' }],
    [
      'aider.txt',
      aiderUsage,
      { inputTokens: 1200, outputTokens: 34, costUsd: 0.0031, turns: 1, model: 'openai/gpt-4o' },
    ],
  ])('is read from what %s recorded', (recording, reader, expected) => {
    const usage = usageIn(reader(), linesOf(recording));

    expect(usage).toEqual(expected);
    expect(AgentUsage.parse(usage)).toEqual(expected);
  });

  it.each([
    ['claude.jsonl', claudeUsage, { ...TWO_ANSWERS, turns: 2, model: 'claude-opus-5-5' }],
    ['grok.jsonl', grokUsage, { ...TWO_ANSWERS, turns: 2 }],
  ])('is the sum of the answers where %s lacks its last line', (recording, reader, expected) => {
    const usage = usageIn(reader(), linesOf(recording).slice(0, -1));

    expect(usage).toEqual(expected);
  });

  it('counts a message of Claude Code once, though each of its parts is a line', () => {
    const [message = ''] = linesOf('claude.jsonl').filter((line) => line.includes('"type":"assistant"'));

    const usage = usageIn(claudeUsage(), [message, message]);

    expect(usage).toMatchObject({ inputTokens: 1200, outputTokens: 34, turns: 1 });
  });

  it.each([
    ['Tokens: 345 sent, 12 received.', { inputTokens: 345, outputTokens: 12, turns: 1 }],
    [
      'Tokens: 12k sent, 1.5k cache write, 8.1k cache hit, 1,234 received. Cost: $0.05 message, $1.25 session.',
      { inputTokens: 12_000, cachedInputTokens: 8100, outputTokens: 1234, costUsd: 1.25, turns: 1 },
    ],
  ])("is read from Aider's `%s`", (line, expected) => {
    expect(usageIn(aiderUsage(), [line])).toEqual(expected);
  });

  it("sums Aider's answers, whose last line has the cost of all", () => {
    const usage = usageIn(aiderUsage(), [
      'Tokens: 1.0k sent, 100 received. Cost: $0.01 message, $0.01 session.',
      'Tokens: 2.0k sent, 200 received. Cost: $0.02 message, $0.03 session.',
    ]);

    expect(usage).toEqual({ inputTokens: 3000, outputTokens: 300, costUsd: 0.03, turns: 2 });
  });

  it("counts a message of Claude Code once, though others' parts come between its own", () => {
    const [message = ''] = linesOf('claude.jsonl').filter((line) => line.includes('"type":"assistant"'));
    const [one, other] = ['msg_one', 'msg_other'].map((id) => message.replace(/"id":"msg_[^"]+"/, `"id":"${id}"`));

    const usage = usageIn(
      claudeUsage(),
      [one, other, one, other].filter((line) => line !== undefined),
    );

    expect(usage).toMatchObject({ inputTokens: 2400, outputTokens: 68, turns: 2 });
  });

  it('counts as many messages of Claude Code as come, and remembers few', () => {
    const reader = claudeUsage();
    const message = (id: string) =>
      `{"type":"assistant","message":{"id":"${id}","usage":{"input_tokens":1,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"output_tokens":2}}}`;
    for (let at = 0; at < 5_000; at++) reader.line(message(`msg_${at}`));

    for (const letter of ['x', 'y']) reader.line(message(letter.repeat(10_000)));
    reader.line(message('msg_0'));
    reader.line(message('msg_4999'));

    // The first is as new after all the others; the last is not.
    expect(reader.read()).toEqual({ inputTokens: 5_001, cachedInputTokens: 0, outputTokens: 10_002, turns: 5_001 });
  });

  it.each(Object.entries(READERS))("%s takes none of the worker's time, whatever a line is", (_name, reader) => {
    const shapes: ((length: number) => string)[] = [
      (length) => '1'.repeat(length),
      (length) => '{'.repeat(length),
      (length) => `Model: ${'x'.repeat(length)}`,
      (length) => `Tokens: ${'1'.repeat(length)}`,
      (length) => `Tokens: ${'1'.repeat(length)} received.`,
      (length) => `Tokens: ${'1 received. Cost: $'.repeat(length / 19)}`,
      (length) => `Tokens: ${'1'.repeat(480)}\n`.repeat(length / 490),
      (length) => `{"type":${'['.repeat(length)}`,
      (length) =>
        ofModels(length, (models) => `{"type":"result","modelUsage":{${models}},"stats":{"models":{${models}}}}`),
      (length) => ofModels(length, (models) => `{"type":"end","usage":{},"modelUsage":{${models}}}`),
    ];

    // The smaller first: what is slow by its square shows before it takes for ever.
    for (const length of [64 * 1024, 2 * 1024 * 1024]) {
      for (const shape of shapes) {
        const lines = shape(length).split('\n');
        const before = process.cpuUsage();
        usageIn(reader(), lines);
        const { user, system } = process.cpuUsage(before);
        expect((user + system) / 1000, `${lines[0]?.slice(0, 30)}… of ${length}`).toBeLessThan(1_500);
      }
    }
  });

  it.each(Object.entries(READERS))('%s knows of nothing where nothing was said', (_name, reader) => {
    const lines = ['', '{', 'null', '{"type":"result"}', '{"type":"turn.completed","usage":7}', 'Tokens: many sent'];

    expect(usageIn(reader(), lines)).toBeUndefined();
  });

  it.each(Object.entries(READERS))('%s takes every line, and says only what its schema allows', (_name, reader) => {
    const recorded = ['claude.jsonl', 'codex.jsonl', 'gemini.jsonl', 'grok.jsonl', 'aider.txt'].flatMap(linesOf);
    const line = fc.oneof(fc.string(), fc.json(), fc.constantFrom(...recorded).chain(damaged));

    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const usage = usageIn(reader(), lines);
        expect(usage === undefined || AgentUsage.safeParse(usage).success).toBe(true);
      }),
    );
  });
});

describe('the lines of an output', () => {
  it('are the same however the bytes are cut', () => {
    const bytes = Buffer.from('one\n\ntwo 🦀 é\r\nthree');

    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: bytes.length }),
        fc.integer({ min: 0, max: bytes.length }),
        (one, other) => {
          const [first, second] = [Math.min(one, other), Math.max(one, other)];
          const lines = linesIn([bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]);
          expect(lines).toEqual(['one', '', 'two 🦀 é\r', 'three']);
        },
      ),
    );
  });

  it('leave out one that is too long, and no other', () => {
    const lines = linesIn([Buffer.from('first\n12345'), Buffer.from('67890'), Buffer.from('1\nlast')], 10);

    expect(lines).toEqual(['first', 'last']);
  });
});

function linesOf(recording: string): string[] {
  return readFileSync(join(RECORDINGS, recording), 'utf8').trimEnd().split('\n');
}

function usageIn(reader: UsageReader, lines: readonly string[]): AgentUsage | undefined {
  for (const line of lines) reader.line(line);
  return reader.read();
}

function linesIn(chunks: readonly Uint8Array[], maxLength?: number): string[] {
  const lines: string[] = [];
  const feed = new LineFeed((line) => lines.push(line), maxLength);
  for (const chunk of chunks) feed.push(chunk);
  feed.end();
  return lines;
}

function ofModels(length: number, frame: (models: string) => string): string {
  return frame(Array.from({ length: length / 30 }, (_, at) => `"${at}":0`).join());
}

/** The line with some of its digits replaced. */
function damaged(line: string): fc.Arbitrary<string> {
  return fc
    .constantFrom('-1', '1.5', '1e999', '"x"', 'null', '{}')
    .map((value) => line.replaceAll(/(?<=:)\d+/g, value));
}
