import type { TaskRecord } from '../ecs/task-record.ts';
import type { FaultPlan, TaskPoint } from './fault-points.ts';
import type { FaultSwitch } from './fault-switch.ts';
import type { TaskFaults } from './hooks.ts';
import { idsIn, type KnownIds } from './ids.ts';
import type { Journal } from './journal.ts';
import type { Moments } from './moments.ts';
import { CLOCK_VARIABLE } from './skewed-clock.ts';

const START_FAILURE = 'CannotPullContainerError: pull image manifest has been retried 5 time(s): request canceled';

export interface TaskFaultParts {
  readonly plan: FaultPlan;
  readonly state: FaultSwitch;
  readonly moments: Moments;
  readonly known: KnownIds;
  readonly faults: Journal;
  /** URL of the bundled `skewed-clock.ts`, where workers' clocks may be off. */
  readonly clockModule: string | undefined;
}

/** Lets ECS tasks not start, and kills or interrupts those that did. */
export function taskFaults(parts: TaskFaultParts): TaskFaults {
  const { plan, state, moments, known, faults, clockModule } = parts;
  const journal = (task: TaskRecord, fault: string, more: object = {}) =>
    faults.write({
      point: 'task',
      fault,
      taskArn: task.taskArn,
      family: task.family,
      ids: known.of(task.taskId),
      ...more,
    });
  /** Drawn once for an ECS task, when it is about to start. */
  const drawn = new WeakMap<TaskRecord, ReturnType<FaultPlan['task']>>();
  return {
    hasCapacity(task) {
      known.remember(task.taskId, idsOf(task));
      if (!state.isOn || !plan.noCapacity(pointOf(task))) return true;
      journal(task, 'noCapacity');
      return false;
    },
    assertStarts(task) {
      const planned = state.isOn ? plan.task(pointOf(task)) : undefined;
      drawn.set(task, planned);
      if (planned?.fault !== 'failToStart') return;
      journal(task, 'failToStart');
      throw new Error(START_FAILURE);
    },
    environment() {
      const offset = clockModule === undefined ? 0 : plan.clock('workers');
      return offset === 0 ? {} : { [CLOCK_VARIABLE]: String(offset), NODE_OPTIONS: `--import ${clockModule}` };
    },
    started(task, control, over) {
      const planned = drawn.get(task);
      if (!planned || planned.fault === 'failToStart') return;
      const { fault, moment, delayMs } = planned;
      const victim = {
        ids: idsOf(task),
        dies: fault === 'kill',
        owns: (call: { readonly session: string }) => call.session === task.taskId,
        strike: () => {
          journal(task, fault, { moment: moment.name ?? moment.call, delayMs });
          control[fault]();
        },
      };
      const callOff = moments.wait(victim, moment, delayMs);
      void over.finally(callOff);
    },
  };
}

function pointOf(task: TaskRecord): TaskPoint {
  const given = task.overrides.containerOverrides?.flatMap(({ environment = [] }) =>
    environment.map(({ name }) => name),
  );
  return { family: task.family, given: given ?? [] };
}

function idsOf(task: TaskRecord): string[] {
  return idsIn(JSON.stringify(task.overrides));
}
