import type { Trace } from './trace.ts';

/** How many dispatches of a trace run at once at the most, if each starts as it arrives. */
export function mostAtOnce({ times, runSeconds }: Trace): number {
  const ends = times.map((time, place) => time + (runSeconds[place] ?? 0)).sort();
  let [ended, most] = [0, 0];
  times.forEach((time, started) => {
    while ((ends[ended] ?? Number.POSITIVE_INFINITY) <= time) ended += 1;
    most = Math.max(most, started + 1 - ended);
  });
  return most;
}
