import { describe, expect, it } from 'vitest';
import { AGENTS } from '../../core/agents.ts';
import { POOL_POLICIES } from '../../core/pool-policy.ts';
import { readSettings } from '../../lib/settings.ts';
import { resourceNamed, synthesize } from './synthesize.ts';

describe('the setting `pool`', () => {
  it.each([
    ['shell=0-2', { min: 0, max: 2 }],
    ['shell=3-3', { min: 3, max: 3 }],
    ['shell=0-0', { min: 0, max: 0 }],
    ['shell=9999-9999', { min: 9999, max: 9999 }],
  ])('`%s` bounds the slots of an agent', (pool, bounds) => {
    expect(settings({ pool }).pool).toEqual({ shell: bounds });
  });

  it.each([{}, { pool: '' }])('left out, gives available agents what the catalogue says: %j', (context) => {
    expect(settings(context).pool).toEqual({ shell: AGENTS.shell.pool });
  });

  it.each([
    ['shell', 'shell'],
    ['shell=2', 'shell=2'],
    ['shell=2-1', 'shell=2-1'],
    ['shell=-1-2', 'shell=-1-2'],
    ['shell=0.5-1', 'shell=0.5-1'],
    ['shell=0-10000', 'shell=0-10000'],
    ['shell=0-2 ', 'shell=0-2 '],
    ['nobody=0-1', 'nobody=0-1'],
    ['constructor=0-1', 'constructor=0-1'],
    ['shell=0-2,claude=2-5', 'claude=2-5'],
  ])('`%s` is refused for its `%s`', (pool, part) => {
    expect(() => settings({ pool })).toThrow(`'${part}' is not`);
    expect(() => settings({ pool })).toThrow(/^-c pool: must be like shell=0-2/);
  });
});

describe('the setting `poolPolicy`', () => {
  it('is `fixed` unless another is asked for', () => {
    expect(settings({}).poolPolicy).toBe('fixed');
  });

  it.each(Object.keys(POOL_POLICIES))('may be `%s`, which the manager is told', (poolPolicy) => {
    const template = synthesize({ poolPolicy });

    const manager = resourceNamed(template, 'AWS::Lambda::Function', 'FunctionName', 'outpost-manage-pool');

    expect(manager.Properties.Environment?.Variables?.POOL_POLICY).toBe(poolPolicy);
  });

  it.each(['', 'Fixed', 'toString', 'greedy'])('`%s` is refused, and what is there is named', (poolPolicy) => {
    const names = Object.keys(POOL_POLICIES).join(', ');

    expect(() => settings({ poolPolicy })).toThrow(`-c poolPolicy: must be one of ${names}`);
  });

  it('is refused together with everything else that is not allowed', () => {
    const careless = { pool: 'shell', poolPolicy: 'greedy', prefix: '-' };

    expect(() => settings(careless)).toThrow(/-c prefix: .*\n-c pool: .*\n-c poolPolicy: /);
  });
});

function settings(context: Readonly<Record<string, string>>) {
  return readSettings((key) => context[key]);
}
