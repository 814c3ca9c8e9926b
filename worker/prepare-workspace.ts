import { AGENTS } from '../core/agents.ts';
import { DEFAULT_CONTEXT_LEVEL } from '../core/context-level.ts';
import type { AgentRooms } from './agent/agent-rooms.ts';
import type { BegunAttempt } from './begun-attempt.ts';
import type { ContextBlock } from './context/context-block.ts';
import { workspaceContext } from './context/workspace-context.ts';
import { wordsOf } from './error-words.ts';
import { type BaseTree, keepBase } from './repository/base-tree.ts';
import { cloneRepository, MAX_CLONE_MS } from './repository/clone.ts';
import type { ClonedRepository } from './repository/cloned-repository.ts';
import type { AttemptSecrets } from './secrets/attempt-secrets.ts';

/** What lies in the workspace before the agent begins; nothing where the dispatch names no repository. */
export interface PreparedWorkspace {
  readonly repository?: ClonedRepository;
  /** What the agent's changes are measured from. */
  readonly base?: BaseTree;
  /** What the agent is told about it; absent where its task is a script. */
  readonly context?: ContextBlock;
}

/** Clones the dispatch's repository and looks at it. Throws a `CloneError`, or what the disk has to say. */
export async function prepareWorkspace(
  begun: BegunAttempt,
  rooms: AgentRooms,
  secrets: AttemptSecrets,
): Promise<PreparedWorkspace> {
  if (begun.spec.repo === undefined) return {};
  const repository = await clone(begun, begun.spec.repo, rooms, secrets);
  const base = await keepBase(repository, rooms.workspace, rooms.base, begun.user);
  const context = await contextOf(begun, rooms, repository);
  return { repository, base, ...(context === undefined ? {} : { context }) };
}

async function clone(
  { spec, user, stop, log, githubUrl, remainingMs }: BegunAttempt,
  repo: string,
  rooms: AgentRooms,
  { repositoryToken, redaction }: AttemptSecrets,
): Promise<ClonedRepository> {
  const repository = await cloneRepository({
    repo,
    branch: spec.branch,
    githubUrl,
    protocols: [...new Set(['https', new URL(githubUrl).protocol.slice(0, -1)])],
    workspace: rooms.workspace,
    home: rooms.base,
    user,
    token: repositoryToken,
    depth: spec.contextLevel === 'full' ? 10 : 1,
    stop,
    timeoutMs: Math.max(1, Math.ceil(Math.min(MAX_CLONE_MS, remainingMs()))),
    redact: (text) => redaction.text(text),
    say: (line) => log.say(line),
  });
  const { url, branch, commit = 'without commits' } = repository;
  log.say(`Cloned ${url}${branch === undefined ? '' : `, branch ${branch}`}, ${commit.slice(0, 12)}.`);
  return repository;
}

/** The agent can look for itself: a dispatch does not fail because it was told nothing. */
async function contextOf(
  { spec, user, programs, stop, log }: BegunAttempt,
  { workspace }: AgentRooms,
  repository: ClonedRepository,
): Promise<ContextBlock | undefined> {
  if (!AGENTS[spec.agent].hasModel) return undefined;
  const level = spec.contextLevel ?? DEFAULT_CONTEXT_LEVEL;
  try {
    return await workspaceContext({ program: programs.context, user, stop, workspace, level, repository });
  } catch (error) {
    log.say(`The agent is told nothing about its workspace: ${wordsOf(error)}`);
    return undefined;
  }
}
