import { expect, it } from 'vitest';
import { z } from 'zod';
import { readEnv } from '../../lambdas/shared/env.ts';

it('reads what is asked for, and nothing else', () => {
  const env = readEnv({ TABLE: z.string(), PORT: z.coerce.number() }, { TABLE: 'a', PORT: '80', SECRET: 'x' });

  expect(env).toEqual({ TABLE: 'a', PORT: 80 });
});

it('names every fault at once, an empty variable among them', () => {
  const read = () => readEnv({ A: z.string(), B: z.string(), PORT: z.coerce.number() }, { B: '', PORT: 'x' });

  expect(read).toThrow(/A is missing; B is missing; PORT: .+/);
});
