import type { Recovery, State } from '../asl/definition.ts';
import { JsonText } from '../json.ts';
import { findCatcher, Retries } from './retry-and-catch.ts';
import type { Step } from './run-states.ts';
import { StateError } from './state-error.ts';
import type { Visit } from './visit.ts';

/**
 * Runs a state's work with its Retry and Catch.
 * @param attempt one attempt; what it throws as StateError is retried, caught, or the state's failure
 * @param onFailure records that the state failed for good, caught or not
 */
export async function recover<S extends State & Recovery>(
  visit: Visit<S>,
  attempt: () => Promise<Step>,
  onFailure: () => void = () => {},
): Promise<Step> {
  const { lane, state } = visit;
  const retries = new Retries(state.retry, lane.run.random);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      const delaySeconds = retries.next(error);
      if (delaySeconds === undefined) {
        onFailure();
        return handOver(visit, error);
      }
      visit.retryCount = retries.count;
      await lane.pause(lane.run.clock.sleep(delaySeconds * 1000, lane.signal));
    }
  }
}

/** Leaves the state by the first Catch that covers the error. @throws StateError where none does */
async function handOver<S extends State & Recovery>(visit: Visit<S>, error: StateError): Promise<Step> {
  const catcher = findCatcher(visit.state.catch, error);
  if (!catcher) throw error;
  const errorOutput = JsonText.of(error.output);
  const transformed = await visit.transform(catcher, errorOutput, { errorOutput: errorOutput.value });
  return { output: visit.exit(transformed), next: catcher.next };
}
