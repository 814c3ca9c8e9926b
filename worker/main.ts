/** One program, two lives: the worker, and its child that packs the workspace as the agent's user. */
const [mode, workspace] = process.argv.slice(2);

// Each life loads only what it needs: the packer starts while an ECS task's last seconds run.
if (mode === 'pack' && workspace !== undefined) {
  const { pack } = await import('./pack/pack.ts');
  await pack(workspace);
} else {
  const { work } = await import('./work.ts');
  process.exit(await work());
}
