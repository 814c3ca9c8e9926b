import type { EcsStop } from '../../core/ecs-stop.ts';
import { OUR_STOP_PREFIX } from '../../core/stop-reason.ts';

/** Step Functions stops the ECS task of an execution that ends so. */
const STOPPED_WITH = ['ABORTED', 'TIMED_OUT'];

/**
 * Step Functions itself stops the ECS task of an execution that is aborted or runs out of time. ECS calls that
 * `UserInitiated`, but it is nobody's cancel.
 * @param endedAs how the execution ended that ran the ECS task
 */
export function withoutStepFunctions(stop: EcsStop, endedAs: string, whose = 'execution'): EcsStop {
  if (!STOPPED_WITH.includes(endedAs) || stop.stopCode !== 'UserInitiated') return stop;
  return { ...stop, stoppedReason: `${OUR_STOP_PREFIX}${whose} ${endedAs}` };
}
