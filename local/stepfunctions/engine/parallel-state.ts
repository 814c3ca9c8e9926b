import type { ParallelState } from '../asl/definition.ts';
import { JsonText } from '../json.ts';
import { Lane } from './lane.ts';
import { LaneGroup } from './lane-group.ts';
import { recover } from './recover.ts';
import type { Step } from './run-states.ts';
import type { Visit } from './visit.ts';

export function runParallel(visit: Visit<ParallelState>): Promise<Step> {
  const { lane, state } = visit;
  const failed = () => void lane.emit('ParallelStateFailed');
  return recover(visit, () => attemptParallel(visit, state), failed);
}

async function attemptParallel(visit: Visit<ParallelState>, state: ParallelState): Promise<Step> {
  const { lane } = visit;
  const input = await branchInput(visit, state);
  lane.emit('ParallelStateStarted');
  const branches = state.branches.map((graph) => {
    return { lane: new Lane(lane.run, lane.lastEventId, lane), graph, input: () => input };
  });
  const outputs = await new LaneGroup(lane, branches).run();
  const result = JsonText.of(outputs.map((output) => output.value));
  const transformed = await visit.transform(state, result, { result: result.value });
  lane.emitAside('ParallelStateSucceeded');
  return { output: visit.exit(transformed), next: state.next };
}

async function branchInput(visit: Visit<ParallelState>, state: ParallelState): Promise<JsonText> {
  const { arguments: template } = state;
  if (!template) return visit.input;
  return JsonText.of(await visit.evaluate(() => template.evaluate(visit.bindings())));
}
