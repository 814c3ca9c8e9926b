import { describe, expect, it } from 'vitest';
import { DispatchRequest } from '../../core/dispatch-request.ts';

const SHELL = { agent: 'shell', task: 'echo hello' };

/** The paths that a request is refused for, with what is wrong there. */
function faults(request: unknown): string[] {
  const parsed = DispatchRequest.safeParse(request);
  return (parsed.error?.issues ?? []).map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `unknown ${issue.keys.join(', ')}`
      : `${issue.path.join('.')}: ${issue.message}`,
  );
}

describe('a dispatch request', () => {
  it('keeps quotes, substitutions, newlines and astral characters of the task as they are', () => {
    const task = 'echo "$(whoami)" \'`id`\' \\ \r\n\t𝄞 é';

    const request = DispatchRequest.parse({ ...SHELL, task });

    expect(request.task).toBe(task);
  });

  it('takes a task of 50,000 characters and refuses one more', () => {
    expect(faults({ ...SHELL, task: 'x'.repeat(50_000) })).toEqual([]);
    expect(faults({ ...SHELL, task: 'x'.repeat(50_001) })).toEqual(['task: must have at most 50000 characters']);
  });

  it('counts a character outside the basic plane as one', () => {
    expect(faults({ ...SHELL, task: '𝄞'.repeat(50_000) })).toEqual([]);
    expect(faults({ ...SHELL, task: '𝄞'.repeat(50_001) })).toHaveLength(1);
  });

  it.each(['a\0b', '\ud800', 'x\udc00y'])('refuses %j, which no program can receive unchanged', (task) => {
    expect(faults({ ...SHELL, task })).toEqual([expect.stringContaining('task: must not contain NUL')]);
  });

  it('lets a shell task be empty, and a prompt not', () => {
    expect(faults({ agent: 'shell', task: '' })).toEqual([]);
    expect(faults({ agent: 'claude', task: ' \n' })).toEqual(['task: must say what the agent is to do']);
  });

  it.each([
    [0, 'timeoutSeconds: must be at least 1'],
    [86_401, 'timeoutSeconds: must be at most 86400'],
    [1.5, 'timeoutSeconds: must be a whole number of seconds'],
    ['60', 'timeoutSeconds: must be a whole number of seconds'],
  ])('refuses a timeout of %j', (timeoutSeconds, fault) => {
    expect(faults({ ...SHELL, timeoutSeconds })).toEqual([fault]);
  });

  it.each([
    [{ agent: 'claude', repo: 'acme/rocket', branch: 'main', modelId: 'opus', contextLevel: 'minimal' }, []],
    [{ agent: 'claude', contextLevel: 'full' }, ['contextLevel: is of no use without repo']],
    [{ repo: 'https://gitlab.example.com/a/b' }, []],
    [{ repo: 'acme/rocket', workspaceMode: 'persistent' }, []],
    [{ workspaceMode: 'ephemeral' }, []],
    [
      { workspaceMode: 'persistent' },
      ['workspaceMode: can be persistent with repo alone: a workspace is kept for each repository'],
    ],
    [{ repo: 'acme/rocket', workspaceMode: 'forever' }, ['workspaceMode: must be one of ephemeral, persistent']],
    [{ branch: 'main' }, ['branch: is of no use without repo']],
    [{ modelId: 'opus' }, ['modelId: is of no use to this agent: it asks no model']],
    [{ contextLevel: 'full' }, ['contextLevel: is of no use to this agent: its task is a script']],
    [{ repo: 'git@github.com:acme/rocket' }, ['repo: must be owner/name or an https:// URL']],
    [{ agent: 'codex', modelId: '--yolo' }, ['modelId: must be the name of a model']],
  ])('of %j finds %j', (fields, found) => {
    expect(faults({ ...SHELL, ...fields })).toEqual(found);
  });

  it('refuses a field that it would not honour, by its name', () => {
    expect(faults({ ...SHELL, priority: 'high' })).toEqual(['unknown priority']);
  });

  it('names every missing and unknown thing', () => {
    expect(faults({ agent: 'cobol' })).toEqual([
      expect.stringContaining('agent: must be one of claude'),
      expect.stringContaining('task: '),
    ]);
  });
});
