import { describe, expect, it } from 'vitest';
import { agentBounds, agentShares, number, wholeNumber } from '../../scripts/simulation/command-options.ts';

describe('the options of the simulation', () => {
  it('take bounds of agents', () => {
    expect([...agentBounds('claude=2-50,shell=0-0')]).toEqual([
      ['claude', { min: 2, max: 50 }],
      ['shell', { min: 0, max: 0 }],
    ]);
  });

  it('take shares of agents, 1 for an agent that has none', () => {
    expect([...agentShares('claude=2.5,codex')]).toEqual([
      ['claude', 2.5],
      ['codex', 1],
    ]);
  });

  it('take numbers within their range', () => {
    expect(number(0, 10)('2.5')).toBe(2.5);
    expect(wholeNumber(0, 10)('10')).toBe(10);
  });

  it.each([
    [agentBounds, 'claude=5-2', "text such as claude=2-50, not 'claude=5-2'"],
    [agentBounds, 'claude=5', "text such as claude=2-50, not 'claude=5'"],
    [agentBounds, 'clod=0-5', "'clod' is no agent"],
    [agentShares, 'claude=0', "text such as claude=2,codex=1, not 'claude=0'"],
    [agentShares, 'claude=1=2', "not 'claude=1=2'"],
    [agentShares, '', "'' is no agent"],
    [number(1, 3_600), '0.5', 'a number from 1 to 3600'],
    [number(1, 3_600), 'NaN', 'a number from 1 to 3600'],
    [wholeNumber(1, 9), '2.5', 'a whole number from 1 to 9'],
    [wholeNumber(1, 9), '', 'a whole number from 1 to 9'],
  ])('refuse what they do not understand (%#)', (read, text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
