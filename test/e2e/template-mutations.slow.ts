import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOOT_MUTATIONS } from './boot-mutations.ts';
import { boots, MutatedAssemblies } from './template-faults.ts';

let assemblies: MutatedAssemblies;

beforeAll(async () => {
  assemblies = await MutatedAssemblies.create();
});

afterAll(() => {
  assemblies.remove();
});

it('boots from a copy of the template as it is', async () => {
  expect(await assemblies.faultOf(assemblies.template(), boots)).toBeUndefined();
});

describe.concurrent('a mistake in the template ends the boot with an error that names its resource', () => {
  it.each(BOOT_MUTATIONS.map((mutation) => [mutation.title, mutation] as const))('%s', async (_title, mutation) => {
    const { template, name } = assemblies.mutate(mutation);

    const fault = await assemblies.faultOf(template, boots);

    expect(fault).toContain(name);
  });
});
