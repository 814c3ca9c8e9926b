/** One program, several lives: the worker, and its children that look at the workspace as the agent's user. */
const [mode, given = '', limit = ''] = process.argv.slice(2);

// Each life loads only what it needs: the packer starts while an ECS task's last seconds run.
if (mode === 'pack') {
  const { pack } = await import('./pack/pack.ts');
  await pack(given, Number(limit || Number.POSITIVE_INFINITY));
} else if (mode === 'checkpoint') {
  const { checkpoint } = await import('./checkpoints/checkpoint-program.ts');
  await checkpoint(given);
} else if (mode === 'patch') {
  const { patch } = await import('./pack/patch.ts');
  await patch(given);
} else if (mode === 'context') {
  const { context } = await import('./context/context-program.ts');
  await context(given);
} else if (mode === 'workspace') {
  const { workspace } = await import('./persistent/workspace-program.ts');
  await workspace(given);
} else {
  const { work } = await import('./work.ts');
  process.exit(await work());
}
