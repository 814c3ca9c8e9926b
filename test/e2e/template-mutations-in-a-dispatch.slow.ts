import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATION_MUTATIONS } from './operation-mutations.ts';
import { MutatedAssemblies, settles, succeeds } from './template-faults.ts';

let assemblies: MutatedAssemblies;

beforeAll(async () => {
  assemblies = await MutatedAssemblies.create();
});

afterAll(() => {
  assemblies.remove();
});

describe.concurrent('the template as it is', () => {
  it.each([
    ['runs a dispatch', succeeds],
    ['settles a dispatch that is stopped', settles],
  ])('%s without a complaint', async (_what, check) => {
    expect(await assemblies.faultOf(assemblies.template(), check)).toBeUndefined();
  });
});

describe.concurrent('a mistake in the template that shows only in operation is told with its resource', () => {
  it.each(OPERATION_MUTATIONS.map((mutation) => [mutation.title, mutation] as const))(
    '%s',
    async (_title, mutation) => {
      const { template, name } = assemblies.mutate(mutation);

      const fault = await assemblies.faultOf(template, mutation.inSettlement ? settles : succeeds);

      expect(fault).toContain(name);
    },
  );
});
