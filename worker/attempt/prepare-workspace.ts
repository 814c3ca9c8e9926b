import { AGENTS } from '../../core/agents.ts';
import { DEFAULT_CONTEXT_LEVEL } from '../../core/context-level.ts';
import type { WorkspaceState } from '../../core/persistent-workspace.ts';
import type { AgentRooms } from '../agent/agent-rooms.ts';
import type { ContextBlock } from '../context/context-block.ts';
import { workspaceContext } from '../context/workspace-context.ts';
import { wordsOf } from '../error-words.ts';
import { fetchIntoWorkspace } from '../persistent/fetch-into-workspace.ts';
import { type BaseTree, keepBase } from '../repository/base-tree.ts';
import { type CloneRequest, cloneRepository } from '../repository/clone.ts';
import type { ClonedRepository } from '../repository/cloned-repository.ts';
import type { AttemptSecrets } from '../secrets/attempt-secrets.ts';
import type { BegunAttempt } from './begun-attempt.ts';

/** What lies in the workspace before the agent begins; nothing where the dispatch names no repository. */
export interface PreparedWorkspace {
  readonly repository?: ClonedRepository;
  /** What the agent's changes are measured from. */
  readonly base?: BaseTree;
  /** How the persistent workspace was met; absent where there is none. */
  readonly state?: WorkspaceState;
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
  const remote = remoteOf(begun, begun.spec.repo, rooms, secrets);
  const obtained = await obtain(begun, rooms, remote);
  const context = await contextOf(begun, rooms, obtained.repository);
  return { ...obtained, ...(context === undefined ? {} : { context }) };
}

type Remote = Omit<CloneRequest, 'workspace'>;

type Obtained = Pick<PreparedWorkspace, 'base' | 'state'> & { readonly repository: ClonedRepository };

async function obtain(begun: BegunAttempt, rooms: AgentRooms, remote: Remote): Promise<Obtained> {
  const { held, user, programs, log } = begun;
  if (held === undefined) {
    const repository = await cloneRepository({ ...remote, workspace: rooms.workspace });
    log.say(`Cloned ${inWords(repository)}.`);
    return { repository, base: await keepBase(repository, rooms.workspace, rooms.base, user) };
  }
  const { name, making } = held;
  const program = programs.workspace;
  const obtained = await fetchIntoWorkspace({ name, making, program, user, rooms, remote });
  log.say(`Fetched ${inWords(obtained.repository)}.`);
  log.say(workspaceLine(obtained.state));
  return obtained;
}

function inWords({ url, branch, commit = 'without commits' }: ClonedRepository): string {
  return `${url}${branch === undefined ? '' : `, branch ${branch}`}, ${commit.slice(0, 12)}`;
}

function workspaceLine({ name, state, branch, commit = 'no commit', note }: WorkspaceState): string {
  const at = `${branch === undefined ? '' : `the branch ${branch}, `}${commit.slice(0, 12)}`;
  return `The workspace ${name} is ${state}: ${at}.${note === undefined ? '' : ` ${note}`}`;
}

function remoteOf(
  { spec, user, stop, log, githubUrl, remainingMs }: BegunAttempt,
  repo: string,
  rooms: AgentRooms,
  { repositoryToken, redaction }: AttemptSecrets,
): Remote {
  return {
    repo,
    branch: spec.branch,
    githubUrl,
    protocols: [...new Set(['https', new URL(githubUrl).protocol.slice(0, -1)])],
    home: rooms.base,
    user,
    token: repositoryToken,
    depth: spec.contextLevel === 'full' ? 10 : 1,
    stop,
    remainingMs,
    redact: (text) => redaction.text(text),
    say: (line) => log.say(line),
  };
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
