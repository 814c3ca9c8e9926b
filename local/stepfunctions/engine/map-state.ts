import type { MapState } from '../asl/definition.ts';
import { type Json, JsonText } from '../json.ts';
import type { Bindings } from '../jsonata/expression.ts';
import { TemplateFault } from '../jsonata/fault.ts';
import type { Template } from '../jsonata/template.ts';
import { Lane } from './lane.ts';
import { LaneGroup } from './lane-group.ts';
import { recover } from './recover.ts';
import type { Step } from './run-states.ts';
import type { Visit } from './visit.ts';

/** Inline Maps run at most this many iterations at once ("Map state processing modes" in the developer guide). */
const MOST_ITERATIONS_AT_ONCE = 40;

export function runMap(visit: Visit<MapState>): Promise<Step> {
  const { lane } = visit;
  return recover(
    visit,
    () => attemptMap(visit),
    () => void lane.emit('MapStateFailed'),
  );
}

async function attemptMap(visit: Visit<MapState>): Promise<Step> {
  const { lane, state } = visit;
  const { items, concurrency } = await prepareMap(visit);
  lane.emit('MapStateStarted', { length: items.length });
  const outputs = await runIterations(visit, items, concurrency);
  const result = JsonText.of(outputs.map((output) => output.value));
  const transformed = await visit.transform(state, result, { result: result.value });
  lane.emitAside('MapStateSucceeded');
  return { output: visit.exit(transformed), next: state.next };
}

function runIterations(visit: Visit<MapState>, items: readonly Json[], concurrency: number) {
  const { lane, state } = visit;
  const { history } = lane.run;
  const details = (iteration: Lane) => ({ index: iteration.mapItem?.Index, name: state.name });
  const iterations = items.map((Value, Index) => {
    const iteration = new Lane(lane.run, lane.lastEventId, lane, { Index, Value });
    return { lane: iteration, graph: state.itemProcessor, input: () => iterationInput(visit, iteration, Value) };
  });
  const group = new LaneGroup(lane, iterations, {
    begun: (iteration, previous) => {
      iteration.lastEventId = history.append('MapIterationStarted', previous, details(iteration));
    },
    succeeded: (iteration) => {
      return history.append('MapIterationSucceeded', iteration.lastEventId, details(iteration));
    },
    failed: (iteration) => void history.append('MapIterationFailed', iteration.lastEventId, details(iteration)),
  });
  return group.run(concurrency);
}

async function prepareMap(visit: Visit<MapState>): Promise<{ items: readonly Json[]; concurrency: number }> {
  const { state, input } = visit;
  const bindings = visit.bindings();
  return visit.evaluate(async () => {
    const items = state.items ? await state.items.evaluateAs('array', bindings) : input.value;
    if (!Array.isArray(items)) {
      throw new TemplateFault(`Map state input must be an array but was: ${input.text}`, undefined);
    }
    const most = await limit(state.maxConcurrency, bindings);
    await limit(state.toleratedFailureCount, bindings);
    await limit(state.toleratedFailurePercentage, bindings, 100);
    const concurrency = most === 0 ? MOST_ITERATIONS_AT_ONCE : Math.min(most, MOST_ITERATIONS_AT_ONCE);
    return { items: items as readonly Json[], concurrency };
  });
}

async function limit(
  template: Template | undefined,
  bindings: Bindings,
  most = Number.MAX_SAFE_INTEGER,
): Promise<number> {
  if (!template) return 0;
  const value = await template.evaluateAs('number', bindings);
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  const message = `The value of the field '${template.location}' must be a non-negative integer, but was: ${value}`;
  throw new TemplateFault(message, template.location);
}

async function iterationInput(visit: Visit<MapState>, iteration: Lane, item: Json): Promise<JsonText> {
  const { itemSelector } = visit.state;
  if (!itemSelector) return JsonText.of(item);
  return JsonText.of(await visit.evaluate(() => itemSelector.evaluate(visit.bindings({}, iteration)), iteration));
}
