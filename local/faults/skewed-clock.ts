import { followLead, LEAD_FILE_VARIABLE } from './clock-lead.ts';

/** The variable that says how many milliseconds a thread's or a container's clock is off. */
export const CLOCK_VARIABLE = 'EMBEDDED_AWS_CLOCK_OFFSET_MS';

// Loading this module is enough: a container does so before its own program, a function's thread with its runtime.
const realNow = Date.now;
const offset = Number(process.env[CLOCK_VARIABLE] ?? 0);
const file = process.env[LEAD_FILE_VARIABLE];
const lead = file === undefined ? () => 0 : followLead(file, realNow);
if (offset !== 0 || file !== undefined) globalThis.Date = skewed(Date, () => realNow() + offset + lead());

/** A `Date` whose present lies elsewhere. */
function skewed(real: DateConstructor, now: () => number): DateConstructor {
  return new Proxy(real, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new real(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
}
