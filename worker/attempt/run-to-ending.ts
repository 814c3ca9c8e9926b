import type { AgentUsage } from '../../core/agent-usage.ts';
import type { DispatchSpec } from '../../core/dispatch-spec.ts';
import { attemptName } from '../../core/ids.ts';
import { agentEnvironment } from '../agent/agent-environment.ts';
import { type AgentRooms, writeForAgent } from '../agent/agent-rooms.ts';
import { AgentStartError, runAgent } from '../agent/agent-run.ts';
import type { CappedLog } from '../agent/capped-log.ts';
import { AgentAccount } from '../agents/agent-account.ts';
import type { AgentCommand } from '../agents/agent-command.ts';
import type { AgentProgram } from '../agents/agent-program.ts';
import type { Checkpoints } from '../checkpoints/checkpoints.ts';
import type { CheckpointJob } from '../checkpoints/take-checkpoint.ts';
import { wordsOf } from '../error-words.ts';
import { CloneError } from '../repository/clone-error.ts';
import { type AttemptSecrets, askForSecrets, NO_SECRETS } from '../secrets/attempt-secrets.ts';
import type { BegunAttempt } from './begun-attempt.ts';
import {
  type Ending,
  endingOf,
  failedToStart,
  noSuchAgent,
  outOfTime,
  reachedNoModel,
  stoppedEarly,
} from './ending.ts';
import { type PreparedWorkspace, prepareWorkspace } from './prepare-workspace.ts';

/** What came of an attempt, and what became known on the way. */
export interface AttemptRun {
  readonly ending: Ending;
  readonly secrets: AttemptSecrets;
  readonly workspace: PreparedWorkspace;
  readonly usage?: AgentUsage;
}

/** Secrets, repository, agent: until one of them ends the attempt. Never throws. */
export async function runToEnding(
  begun: BegunAttempt,
  rooms: AgentRooms,
  output: CappedLog,
  checkpoints: Checkpoints,
): Promise<AttemptRun> {
  let secrets = NO_SECRETS;
  let workspace: PreparedWorkspace = {};
  try {
    const over = overBeforeAgent(begun);
    if (over !== undefined) return { ending: over, secrets, workspace };
    secrets = await askForSecrets(begun);
    workspace = await prepareWorkspace(begun, rooms, secrets);
    return { ...(await runWithin(begun, rooms, output, { secrets, workspace, checkpoints })), secrets, workspace };
  } catch (error) {
    begun.log.say(wordsOf(error));
    return { ending: endingOfError(begun, error), secrets, workspace };
  }
}

type Prepared = Pick<AttemptRun, 'secrets' | 'workspace'> & { readonly checkpoints: Checkpoints };

async function runWithin(
  begun: BegunAttempt,
  rooms: AgentRooms,
  output: CappedLog,
  prepared: Prepared,
): Promise<Pick<AttemptRun, 'ending' | 'usage'>> {
  const over = overBeforeAgent(begun);
  if (over !== undefined) return { ending: over };
  const { spec, program } = begun;
  if (program === undefined) return { ending: noSuchAgent(spec) };
  const { redaction, lack } = prepared.secrets;
  const account = program.usage && new AgentAccount(program.usage());
  const command = await commandOf(begun, program, rooms, prepared);
  prepared.checkpoints.start(checkpointJob(begun, rooms, output));
  const end = await runAgent({
    ...command,
    rooms,
    user: begun.user,
    timeoutMs: Math.max(0, begun.remainingMs()),
    stop: begun.stop,
    output,
    log: begun.log,
    redaction,
    // What a shell's commands print last may be anything: nobody takes it for a reason.
    ...(account && { onLine: (text, from) => account.line(text, from) }),
  });
  const usage = account?.usage();
  const lastWords = account?.lastWords((text) => redaction.text(text));
  const isInVain = program.exitsCleanOnFailure && end.endedBy === 'agent' && end.exitCode === 0 && usage === undefined;
  return {
    ending: isInVain ? reachedNoModel(spec, lack) : endingOf(end, spec, [lastWords, lack]),
    ...(usage === undefined ? {} : { usage: withModel(usage, spec) }),
  };
}

async function commandOf(
  { attempt, agentVariables, spec, user }: BegunAttempt,
  program: AgentProgram,
  rooms: AgentRooms,
  { secrets, workspace: { repository, context } }: Prepared,
): Promise<{ command: AgentCommand; environment: Record<string, string> }> {
  const given = { ...agentVariables, ...secrets.environment };
  const command = await program.makeCommand({
    spec: context === undefined ? spec : { ...spec, task: `${context.text}\n# Task\n\n${spec.task}` },
    given,
    hasRepository: repository !== undefined,
    writeFile: (name, content) => writeForAgent(rooms, user, name, content),
  });
  const { dispatchId } = attempt;
  const mark = attemptName(attempt);
  return { command, environment: agentEnvironment({ mark, rooms, user, program, command, given, dispatchId }) };
}

function checkpointJob(begun: BegunAttempt, { workspace }: AgentRooms, output: CappedLog): CheckpointJob {
  const { attempt, programs, user, maxOutputBytes } = begun;
  const program = programs.checkpoint;
  return { attempt, bucket: begun.bucketOf(attempt), program, workspace, user, output, maxBytes: maxOutputBytes };
}

/** The ending of an attempt whose time is up, or that is to stop, before its agent runs. */
function overBeforeAgent({ over, stop, spec, remainingMs }: BegunAttempt): Ending | undefined {
  if (over !== undefined) return over;
  if (stop.aborted) return stoppedEarly();
  return remainingMs() <= 0 ? outOfTime(spec) : undefined;
}

function endingOfError({ spec, remainingMs }: BegunAttempt, error: unknown): Ending {
  if (error instanceof CloneError) {
    if (error.why === 'stopped') return stoppedEarly();
    if (error.why === 'timeout' && remainingMs() <= 0) return outOfTime(spec);
  }
  return failedToStart(wordsOf(error), error instanceof AgentStartError && error.isMissing);
}

/** Not every CLI says which model it asked. */
function withModel(usage: AgentUsage, { modelId }: DispatchSpec): AgentUsage {
  return usage.model !== undefined || modelId === undefined ? usage : { ...usage, model: modelId };
}
