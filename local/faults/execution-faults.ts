import type { FaultPlan } from './fault-points.ts';
import type { FaultSwitch } from './fault-switch.ts';
import type { ExecutionFaults } from './hooks.ts';
import { idsIn, type KnownIds } from './ids.ts';
import type { Journal } from './journal.ts';
import type { Moments } from './moments.ts';

/** Stops executions, as somebody does in the console. */
export function executionFaults(parts: {
  readonly plan: FaultPlan;
  readonly state: FaultSwitch;
  readonly moments: Moments;
  readonly known: KnownIds;
  readonly faults: Journal;
}): ExecutionFaults {
  return {
    started({ executionArn }, stop, over) {
      const [machine = '', name = ''] = executionArn.split(':').slice(-2);
      const ids = idsIn(name);
      parts.known.rememberExecution(name);
      const planned = parts.state.isOn ? parts.plan.execution(machine) : undefined;
      if (!planned) return;
      const { moment, delayMs } = planned;
      const victim = {
        ids,
        // Calls of a stopped execution that are under way go on in AWS too.
        dies: false,
        owns: (call: { readonly session: string; readonly caller: string }) =>
          call.session === name && call.caller === 'state-machine',
        strike: () => {
          const when = moment.name ?? moment.call;
          parts.faults.write({ point: 'execution', fault: 'stop', executionArn, ids, moment: when, delayMs });
          stop();
        },
      };
      const callOff = parts.moments.wait(victim, moment, delayMs);
      void over.finally(callOff);
    },
  };
}
