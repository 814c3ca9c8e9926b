import { describe, expect, it } from 'vitest';
import { WorkerResult } from '../../core/worker-result.ts';

const RESULT = {
  version: 1,
  dispatchId: '01J9ZK6W3N8R5T7V9X1Y3Z5A7B',
  attempt: 1,
  endedBy: 'agent',
  exitCode: 0,
  endedAt: '2026-01-01T00:00:00.000Z',
} as const;
const TOKENS = { inputTokens: 1, outputTokens: 2 };

describe('what is read of result.json', () => {
  it('is what the worker wrote', () => {
    const result = { ...RESULT, reason: 'Why.', usage: { ...TOKENS, costUsd: 0.00944, model: 'openai/gpt-4o [1m]' } };

    expect(WorkerResult.parse(result)).toEqual(result);
  });

  it.each([
    ['a name of 500 KB', { model: 'm'.repeat(500_000) }],
    ['half a character', { model: 'model-\ud83e' }],
    ['a name without a letter', { model: '' }],
    ['a cost that is too large for a record', { costUsd: 1e200 }],
    ['a cost below nothing', { costUsd: -1 }],
  ])('has tokens, and not %s that an agent had its CLI say', (_, said) => {
    const { usage } = WorkerResult.parse({ ...RESULT, usage: { ...TOKENS, ...said } });

    expect(usage).toEqual(TOKENS);
  });

  it('has a cost that is too small for a record as none', () => {
    expect(WorkerResult.parse({ ...RESULT, usage: { ...TOKENS, costUsd: 1e-200 } }).usage?.costUsd).toBe(0);
  });

  it.each([
    ['usage', { usage: { inputTokens: null, outputTokens: 2 } }],
    ['usage', { usage: { inputTokens: 1e20, outputTokens: 2 } }],
    ['repository', { repository: { url: null } }],
    ['workspace', { workspace: { name: 'a/b', state: 'new' } }],
    ['context', { context: { level: 'much' } }],
  ])('says how the dispatch ended where its %s cannot be read', (_, wrong) => {
    expect(WorkerResult.parse({ ...RESULT, ...wrong })).toEqual(RESULT);
  });

  it('has a reason that fits into a record, whole characters of it', () => {
    const { reason = '' } = WorkerResult.parse({ ...RESULT, reason: `x${'🦀'.repeat(300_000)}` });

    expect(reason).toMatch(/^x(🦀)+…$/u);
    expect(reason.length).toBeLessThanOrEqual(2_000);
  });
});
