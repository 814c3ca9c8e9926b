import { createHash } from 'node:crypto';
import type { DispatchStatus } from '../../../core/dispatch-status.ts';

/** What a shell agent is to do, and what may come of it. */
export interface AgentTask {
  readonly kind: TaskKind;
  /** A bash script. */
  readonly task: string;
  readonly timeoutSeconds: number;
  /** SHA-256 of the files that a run to the end leaves, by their path. */
  readonly files: ReadonlyMap<string, string>;
  /** How a run ends that nobody disturbs. */
  readonly end: DispatchStatus;
}

export const TASK_KINDS = ['quick', 'writes', 'fails', 'sleeps', 'stubborn', 'times out', 'leaves a child'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

const TIMEOUT_SECONDS = 60;

/**
 * @param diary a file outside of every workspace, in which each agent writes that it begins, and that it is done: the
 * truth about how often it ran
 * @param number tells its files from those of others
 * @param random of [0, 1)
 */
export function agentTask(kind: TaskKind, diary: string, number: number, random: () => number): AgentTask {
  const files = filesOf(kind, number, random);
  const writing = [...files].map(
    ([path, content]) => `mkdir -p "$(dirname '${path}')"; printf %s '${content}' > '${path}'`,
  );
  const { work, end = 'SUCCESS', timeoutSeconds = TIMEOUT_SECONDS } = WORK[kind](random);
  const task = [
    `# request ${number}: ${kind}`,
    `note() { echo "$1 $OUTPOST_ATTEMPT $EPOCHREALTIME $$" >> '${diary}'; }`,
    'note began',
    ...writing,
    work,
    'note done',
    end === 'FAILED' ? 'exit 3' : `echo request ${number}`,
  ].join('\n');
  const sums = [...files].map(([path, content]) => [path, createHash('sha256').update(content).digest('hex')] as const);
  return { kind, task, timeoutSeconds, files: new Map(sums), end };
}

interface Work {
  readonly work: string;
  readonly timeoutSeconds?: number;
  /** @default SUCCESS */
  readonly end?: DispatchStatus;
}

const WORK: Readonly<Record<TaskKind, (random: () => number) => Work>> = {
  quick: () => ({ work: 'echo at once' }),
  writes: () => ({ work: 'sleep 0.2' }),
  fails: () => ({ work: 'echo it goes wrong >&2', end: 'FAILED' }),
  sleeps: (random) => ({ work: `sleep ${(0.5 + 2 * random()).toFixed(2)}` }),
  // Its children die of the signal; it goes on.
  stubborn: (random) => ({
    work: `trap '' TERM; for i in $(seq ${Math.round(5 + 20 * random())}); do sleep 0.1 || true; done`,
  }),
  'times out': () => ({ work: 'sleep 300', timeoutSeconds: 1, end: 'TIMEOUT' }),
  'leaves a child': () => ({ work: 'setsid sleep 300 > /dev/null 2>&1 & sleep 0.3' }),
};

function filesOf(kind: TaskKind, number: number, random: () => number): Map<string, string> {
  const count = kind === 'writes' ? 1 + Math.floor(5 * random()) : random() < 0.3 ? 1 : 0;
  return new Map(
    Array.from({ length: count }, (_, n) => [
      `out ${n % 2}/${n}.txt`,
      `file ${n} of request ${number}. `.repeat(1 + 40 * n),
    ]),
  );
}
