/** Why a dispatch cannot have its workspace, in words that say what can be done. */
export class WorkspaceProblem extends Error {
  override readonly name = 'WorkspaceProblem';
}

/** One whose repository git cannot make sense of. */
export function unusable(name: string, why: string): WorkspaceProblem {
  return new WorkspaceProblem(
    `The workspace ${name} cannot be used: ${why.replace(/[.\s]+$/, '')}. Nothing in it was changed or deleted. Have its folder moved aside (docs/RUNBOOK.md, "Persistent workspaces"), or use workspaceMode "ephemeral".`,
  );
}
