import type { InvocationResult } from '../lambda/sandbox.ts';
import { LEAD_FILE_VARIABLE, leadFile } from './clock-lead.ts';
import type { FaultPlan } from './fault-points.ts';
import type { FaultSwitch } from './fault-switch.ts';
import type { FunctionFaults, FunctionInvocation, RunInvocation } from './hooks.ts';
import { idsIn, type KnownIds } from './ids.ts';
import type { Journal } from './journal.ts';
import type { Moments } from './moments.ts';
import { CLOCK_VARIABLE } from './skewed-clock.ts';

export interface FunctionFaultParts {
  readonly plan: FaultPlan;
  readonly state: FaultSwitch;
  readonly moments: Moments;
  readonly known: KnownIds;
  readonly faults: Journal;
  readonly calls: Journal;
  /** Where the files of clocks that are ahead lie. */
  readonly folder: string;
}

/** Kills threads of functions before, in and after their work. */
export function functionFaults(parts: FunctionFaultParts): FunctionFaults {
  return {
    environment(functionName) {
      const offset = parts.plan.clock('functions');
      return {
        [LEAD_FILE_VARIABLE]: leadFile(parts.folder, functionName),
        ...(offset !== 0 && { [CLOCK_VARIABLE]: String(offset) }),
      };
    },
    async around(invocation, run) {
      const { functionName: name, requestId, payload, invocation: how } = invocation;
      const ids = idsIn(payload);
      const traceId = traceOf(requestId);
      parts.known.remember(traceId, ids);
      const began = performance.now();
      const result = await runOrKill(parts, { ...invocation, ids, traceId }, run);
      if (ids.length > 0) {
        const outcome = 'fault' in result ? result.fault.errorType : 'ok';
        const ms = Math.round(performance.now() - began);
        parts.calls.write({ function: name, invocation: how, requestId, outcome, ids, ms });
      }
      return result;
    },
  };
}

interface TracedInvocation extends FunctionInvocation {
  readonly ids: readonly string[];
  readonly traceId: string;
}

async function runOrKill(
  { plan, state, moments, faults }: FunctionFaultParts,
  invocation: TracedInvocation,
  run: RunInvocation,
): Promise<InvocationResult> {
  const { functionName, requestId, traceId, ids } = invocation;
  const planned = state.isOn ? plan.invocation(invocation) : undefined;
  const journal = (fault: string, more: object = {}) =>
    faults.write({ point: 'function', fault, function: functionName, requestId, ids, ...more });
  if (planned?.fault === 'killBefore') {
    journal('killBefore');
    return killed(requestId);
  }
  const killer = new AbortController();
  const owns = (call: { readonly traceId: string | undefined }) => call.traceId === traceId;
  const strike = (
    moment: { call?: { effect: string; nth: number } | undefined },
    call: { service: string; operation: string } | undefined,
  ) => {
    journal('kill', {
      effect: moment.call?.effect,
      nth: moment.call?.nth,
      call: call && `${call.service}.${call.operation}`,
    });
    killer.abort();
  };
  const callOff =
    planned?.fault === 'kill' ? moments.wait({ ids, owns, dies: true, strike }, planned.moment, 0) : () => {};
  const result = await run({ traceId, kill: killer.signal }).finally(callOff);
  if (planned?.fault !== 'loseAnswer' || !state.isOn) return result;
  journal('loseAnswer');
  return killed(requestId);
}

/** As Lambda reports a runtime that was killed. */
function killed(requestId: string): InvocationResult {
  const errorMessage = `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`;
  return { fault: { errorType: 'Runtime.ExitError', errorMessage } };
}

/** A header of X-Ray for an invocation: the SDK in a function passes it on with every call. */
function traceOf(requestId: string): string {
  const hex = requestId.replaceAll('-', '').padEnd(32, '0');
  return `Root=1-${hex.slice(0, 8)}-${hex.slice(8, 32)};Parent=${hex.slice(0, 16)};Sampled=0`;
}
