import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { AwsRequest, AwsResponse } from '../aws-service.ts';
import { type AwsError, asAwsError } from '../gateway/aws-error.ts';
import { errorResponse } from '../gateway/error-response.ts';
import type { Intercepted } from '../gateway/gateway.ts';
import { type DescribedCall, describeCall } from './described-call.ts';
import type { CallFault, FaultPlan } from './fault-points.ts';
import type { FaultSwitch } from './fault-switch.ts';
import type { KnownIds } from './ids.ts';
import type { Journal } from './journal.ts';
import type { Due, Moments } from './moments.ts';
import { failed, throttled } from './service-errors.ts';

const MAX_REMEMBERED = 1_000;

export interface CallFaultParts {
  readonly plan: FaultPlan;
  readonly state: FaultSwitch;
  readonly moments: Moments;
  readonly known: KnownIds;
  readonly faults: Journal;
  readonly calls: Journal;
  readonly operatorRole: string;
}

/** Stands at the gateway: lets calls fail, brings the moments that come with them, and notes them down. */
export class CallFaults {
  /** The faults that the tries still to come of an SDK call will meet. */
  private readonly persisting = new Map<string, CallFault>();

  constructor(private readonly parts: CallFaultParts) {}

  /** What a caller has heard of is in the journals: a cut is heard, too. */
  readonly intercept = async ({ request, handle, cut }: Intercepted): Promise<AwsResponse> => {
    const response = await this.answerAndNote(request, handle);
    return response === 'cut' ? await cut() : response;
  };

  private async answerAndNote(request: AwsRequest, handle: Intercepted['handle']): Promise<AwsResponse | 'cut'> {
    const call = await this.describe(request);
    const began = performance.now();
    let outcome = 'unanswered';
    let served: string | undefined;
    const serve = async () => {
      try {
        const response = await handle();
        served = outcomeOf(response);
        return response;
      } catch (error) {
        served = asAwsError(error).code;
        throw error;
      }
    };
    try {
      const response = await this.answer(call, request, serve);
      outcome = response === 'cut' ? 'cut' : outcomeOf(response);
      return response;
    } catch (error) {
      outcome = asAwsError(error).code;
      throw error;
    } finally {
      this.note(call, { outcome, served }, performance.now() - began);
    }
  }

  private async describe(request: AwsRequest): Promise<DescribedCall> {
    const { operatorRole, known } = this.parts;
    const call = await describeCall(request, operatorRole, (session) => known.hasExecution(session));
    const related = [...known.of(call.session), ...known.of(call.traceId)];
    const ids = [...new Set([...call.ids, ...related])];
    // A warm slot's worker comes to name its dispatch: from then on, the two belong together.
    if (call.caller === 'worker' && ids.length > related.length) known.remember(call.session, ids);
    return { ...call, ids };
  }

  private async answer(
    call: DescribedCall,
    { requestId, path }: AwsRequest,
    handle: () => Promise<AwsResponse>,
  ): Promise<AwsResponse | 'cut'> {
    const refusal = (error: AwsError) => errorResponse(error, call.service, requestId, path);
    const due = this.parts.moments.due(call);
    if (strikeAll(due.filter(({ effect }) => effect === 'before'))) return 'cut';
    const fault = due.length > 0 ? undefined : this.faultOf(call);
    if (fault) this.journal(call, fault);
    if (fault?.fault === 'throttle') return refusal(throttled(call.service));
    if (fault?.fault === 'failBefore') return refusal(failed(call.service));
    if (fault?.fault === 'cutBefore') return 'cut';
    const response = await handle();
    const dead = strikeAll(due.filter(({ effect }) => effect === 'after'));
    const lost = fault?.fault === 'failAfter' || fault?.fault === 'cutAfter';
    if ((dead || lost) && response.body instanceof Readable) response.body.destroy();
    if (dead || fault?.fault === 'cutAfter') return 'cut';
    if (fault?.fault === 'failAfter') return refusal(failed(call.service));
    if (fault?.fault === 'delay') await delay(fault.delayMs);
    return response;
  }

  /** Each try of the SDK is a question of its own, unless an earlier one met a fault that persists. */
  private faultOf(call: DescribedCall): CallFault | undefined {
    if (!this.parts.state.isOn) return undefined;
    const before = call.sdkCall === undefined ? undefined : this.persisting.get(call.sdkCall);
    if (before) return before;
    const fault = this.parts.plan.call(call);
    if (fault?.persists && call.sdkCall !== undefined && fault.fault !== 'delay') {
      this.persisting.set(call.sdkCall, fault);
      const [oldest] = this.persisting.keys();
      if (this.persisting.size > MAX_REMEMBERED && oldest !== undefined) this.persisting.delete(oldest);
    }
    return fault;
  }

  private journal({ service, operation, caller, who, ids, about }: DescribedCall, fault: CallFault): void {
    const { delayMs, persists } = fault;
    this.parts.faults.write({
      point: 'call',
      fault: fault.fault,
      call: `${service}.${operation}`,
      caller,
      who,
      ids,
      ...about,
      ...(fault.fault === 'delay' ? { delayMs } : { persists }),
    });
  }

  /** @param ends what the caller heard, and what the service had answered: a fault makes them differ */
  private note(call: DescribedCall, { outcome, served }: { outcome: string; served?: string | undefined }, ms: number) {
    const { service, operation, caller, who, ids, about } = call;
    if (ids.length === 0) return;
    const ends = served === outcome ? { outcome } : { outcome, served: served ?? 'nothing' };
    this.parts.calls.write({
      call: `${service}.${operation}`,
      ...ends,
      caller,
      who,
      ids,
      ...about,
      ms: Math.round(ms),
    });
  }
}

/** Returns whether one of them leaves nobody to hear the answer. */
function strikeAll(due: readonly Due[]): boolean {
  for (const { strike } of due) strike();
  return due.some(({ cuts }) => cuts);
}

/** `ok`, or the error's name. */
function outcomeOf({ status, headers, body }: AwsResponse): string {
  const unhandled = headers?.['x-amz-function-error'];
  if (unhandled !== undefined) return `ok, function error ${unhandled}`;
  if (status < 400) return 'ok';
  const text = body instanceof Readable ? '' : String(body ?? '');
  const named = headers?.['x-amzn-errortype'] ?? /"__type":\s*"([^"]+)"|<Code>([^<]+)</.exec(text)?.slice(1).join('');
  return named?.slice(named.lastIndexOf('#') + 1) || String(status);
}
