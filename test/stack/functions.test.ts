import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FUNCTIONS, flat, resourceNamed, resourcesOf, usualTemplate } from './synthesize.ts';

const template = usualTemplate();
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
      'outpost-claim-slot': 10,
      'outpost-reclaim-slot': 30,
      'outpost-map-stop-reason': 30,
      'outpost-collect-output': 60,
      'outpost-record-outcome': 30,
      'outpost-manage-pool': 60,
      'outpost-settle': 600,
      'outpost-track-ecs': 30,
      'outpost-sweep': 60,
      'outpost-replay': 30,
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
      'outpost-claim-slot': 256,
      'outpost-reclaim-slot': 256,
      'outpost-map-stop-reason': 256,
      'outpost-collect-output': 1024,
      'outpost-record-outcome': 256,
      'outpost-manage-pool': 256,
      'outpost-settle': 1024,
      'outpost-track-ecs': 256,
      'outpost-sweep': 256,
      'outpost-replay': 256,
    });
  });

  it('that a state calls end before the state does', () => {
    const definition = JSON.parse(
      readFileSync(new URL('../../state-machines/dispatch.asl.json', import.meta.url), 'utf8'),
    );
    const states = Object.values<CallingState>(definition.States).filter(({ Arguments }) => Arguments?.FunctionName);

    const margins = states.map(
      ({ Arguments, TimeoutSeconds = 0 }) => TimeoutSeconds - timeoutOf(Arguments?.FunctionName),
    );

    expect(margins).toHaveLength(5);
    expect(Math.min(...margins)).toBeGreaterThan(0);
  });
});

interface CallingState {
  readonly Arguments?: { readonly FunctionName?: string };
  readonly TimeoutSeconds?: number;
}

/** Seconds, of the function that `${ClaimSlotFunction}` stands for. */
function timeoutOf(placeholder = ''): number {
  const words = placeholder.slice('${'.length, -'Function}'.length).match(/[A-Z][a-z]+/g) ?? [];
  const functionName = `outpost-${words.join('-').toLowerCase()}`;
  return Number(resourceNamed(template, 'AWS::Lambda::Function', 'FunctionName', functionName).Properties.Timeout);
}

/** A handler reads its environment when it is loaded, and names everything that an empty one lacks. */
async function variablesAskedFor(name: string): Promise<string[]> {
  const error: Error = await import(`../../lambdas/${name}/handler.ts`).then(
    () => new Error('the handler is content with an empty environment'),
    (thrown: Error) => thrown,
  );
  return [...error.message.matchAll(/\b([A-Z][A-Z0-9_]+) is missing/g)].map(([, variable]) => `${variable}`).sort();
}
