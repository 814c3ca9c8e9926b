import { expect, it } from 'vitest';
import { z } from 'zod';
import { readEnv } from '../../lambdas/shared/env.ts';
import { AgentBounds, TaskDefinitions } from '../../lambdas/shared/pool-settings.ts';

it('reads what is asked for, and nothing else', () => {
  const env = readEnv({ TABLE: z.string(), PORT: z.coerce.number() }, { TABLE: 'a', PORT: '80', SECRET: 'x' });

  expect(env).toEqual({ TABLE: 'a', PORT: 80 });
});

it('names every fault at once, an empty variable among them', () => {
  const read = () => readEnv({ A: z.string(), B: z.string(), PORT: z.coerce.number() }, { B: '', PORT: 'x' });

  expect(read).toThrow(/A is missing; B is missing; PORT: .+/);
});

it("reads the pool's settings as JSON of known agents", () => {
  const env = readEnv(
    { TASK_DEFINITIONS: TaskDefinitions, POOL_BOUNDS: AgentBounds },
    { TASK_DEFINITIONS: '{"shell":"arn:3"}', POOL_BOUNDS: '{"shell":{"min":0,"max":1}}' },
  );

  expect(env).toEqual({ TASK_DEFINITIONS: { shell: 'arn:3' }, POOL_BOUNDS: { shell: { min: 0, max: 1 } } });
});

it.each(['{', '[]', '{"nobody":{"min":0,"max":1}}', '{"shell":{"min":2,"max":1}}', '{"shell":{"min":-1,"max":1}}'])(
  'names bounds that are none: %s',
  (text) => {
    expect(() => readEnv({ POOL_BOUNDS: AgentBounds }, { POOL_BOUNDS: text })).toThrow(/complete: POOL_BOUNDS.*: .+/);
  },
);
