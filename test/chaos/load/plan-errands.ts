import { randomFrom } from '../random.ts';
import { type AgentTask, agentTask, TASK_KINDS, type TaskKind } from './agent-tasks.ts';
import type { Errand, ReplayWish } from './errand.ts';

/** How often each kind of task is asked for, beside the others. */
const WEIGHTS: Readonly<Record<TaskKind, number>> = {
  quick: 4,
  writes: 5,
  fails: 2,
  sleeps: 4,
  stubborn: 1,
  'times out': 1,
  'leaves a child': 1,
};

/** What clients want of so many dispatches, as it follows from a seed. */
export function planErrands(count: number, seed: number, diary: string): Errand[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, number) => {
    const task = agentTask(kindOf(random()), diary, number, random);
    return errandOf(number, task, random);
  });
}

function errandOf(number: number, task: AgentTask, random: () => number): Errand {
  const chance = (rate: number) => random() < rate;
  const upTo = (ms: number) => Math.round(ms * random());
  const cancels = chance(0.3);
  // Half of them while the ECS task is about to start.
  const cancelWithinMs = chance(0.5) ? 500 : 2_500;
  const replays = !cancels && chance(0.5);
  return {
    number,
    task,
    key: chance(0.75) ? `request-${number}` : undefined,
    twins: chance(0.2) ? 2 : 1,
    repeats: chance(0.3),
    cancelAfterMs: cancels ? upTo(cancelWithinMs) : undefined,
    cancels: chance(0.3) ? 2 : 1,
    replay: replays ? replayOf(number, random) : undefined,
  };
}

function replayOf(number: number, random: () => number): ReplayWish {
  const key = `replay-${number}`;
  const others = { alone: [], same: [key], rival: [`${key}-rival`] }[
    // Rivals are where a replay can go wrong: half of all.
    pickOf(['alone', 'same', 'rival', 'rival'] as const, random())
  ];
  return {
    by: random() < 0.65 ? 'api' : 'event',
    keys: [key, ...others],
    cancelAfterMs: random() < 0.3 ? Math.round(1_500 * random()) : undefined,
  };
}

function pickOf<Name>(names: readonly [Name, ...Name[]], pick: number): Name {
  return names[Math.floor(pick * names.length)] ?? names[0];
}

function kindOf(pick: number): TaskKind {
  const total = TASK_KINDS.reduce((sum, kind) => sum + WEIGHTS[kind], 0);
  let reached = 0;
  for (const kind of TASK_KINDS) {
    reached += WEIGHTS[kind] / total;
    if (pick < reached) return kind;
  }
  return 'quick';
}
