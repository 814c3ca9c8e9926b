/**
 * The task for a CLI that takes what begins with `/` for a command of its own, and with `!` for one of the shell: those get
 * a line before them. Every other task arrives unchanged.
 */
export function asPrompt(task: string): string {
  return /^\s*[/!]/.test(task) ? `The task:\n\n${task}` : task;
}
