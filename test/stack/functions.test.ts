import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FUNCTIONS, flat, resourceNamed, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();
const READ_BY_THE_RUNTIME = ['NODE_OPTIONS', 'POWERTOOLS_LOG_LEVEL'];

describe.each(FUNCTIONS)('the function %s', (name) => {
  const { Properties } = resourceNamed(template, 'AWS::Lambda::Function', 'FunctionName', `outpost-${name}`);

  it('is given the variables that its code asks for, and no others', async () => {
    const variables = Object.keys(Properties.Environment?.Variables ?? {});

    const asked = await variablesAskedFor(name);

    expect(variables.sort()).toEqual([...asked, ...READ_BY_THE_RUNTIME].sort());
  });

  it('runs on Node.js 24 and ARM64, with a log group of its own', () => {
    expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
    const group = resourceNamed(template, 'AWS::Logs::LogGroup', 'LogGroupName', `/aws/lambda/outpost-${name}`);
    expect(group.Properties.RetentionInDays).toBe(30);
    expect(flat(Properties.LoggingConfig?.LogGroup)).toBe(flat(Properties.Role).replace('Role.Arn', 'Log'));
  });

  it('exists in `lambdas/`', () => {
    expect(existsSync(new URL(`../../lambdas/${name}/handler.ts`, import.meta.url))).toBe(true);
  });
});

describe('the functions', () => {
  it('are those that are tested here', () => {
    const names = resourcesOf(template, 'AWS::Lambda::Function').map(({ Properties }) => Properties.FunctionName);

    expect(names.sort()).toEqual(FUNCTIONS.map((name) => `outpost-${name}`).sort());
  });

  it('end before whoever waits for them gives up', () => {
    const timeouts = Object.fromEntries(
      resourcesOf(template, 'AWS::Lambda::Function').map(({ Properties }) => [
        Properties.FunctionName,
        Properties.Timeout,
      ]),
    );

    expect(timeouts).toEqual({
      'outpost-api': 29,
      'outpost-map-stop-reason': 30,
      'outpost-collect-output': 60,
      'outpost-record-outcome': 30,
      'outpost-settle': 300,
    });
  });

  it('have memory for the largest manifest where they read one', () => {
    const memory = Object.fromEntries(
      resourcesOf(template, 'AWS::Lambda::Function').map(({ Properties }) => [
        Properties.FunctionName,
        Properties.MemorySize,
      ]),
    );

    expect(memory).toEqual({
      'outpost-api': 1024,
      'outpost-map-stop-reason': 256,
      'outpost-collect-output': 1024,
      'outpost-record-outcome': 256,
      'outpost-settle': 1024,
    });
  });

  it('that nobody waits for are tried again', () => {
    const [config, ...others] = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig');

    expect(others).toEqual([]);
    expect(flat(config?.Properties.FunctionName)).toBe('<SettlementSettleFunction>');
    expect(config?.Properties.MaximumRetryAttempts).toBe(2);
  });
});

/** A handler reads its environment when it is loaded, and names everything that an empty one lacks. */
async function variablesAskedFor(name: string): Promise<string[]> {
  const error: Error = await import(`../../lambdas/${name}/handler.ts`).then(
    () => new Error('the handler is content with an empty environment'),
    (thrown: Error) => thrown,
  );
  return [...error.message.matchAll(/\b([A-Z][A-Z0-9_]+) is missing/g)].map(([, variable]) => `${variable}`).sort();
}
