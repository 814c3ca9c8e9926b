import { ANY_VALUE, type EventKind } from '../events/event-kind.ts';
import { TIMES } from './task-record.ts';

/** AWS's own steps ("Amazon ECS task lifecycle"): rules for AWS name some that a task here passes through unseen. */
const TASK_STATUSES = [
  ...['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING', 'DEACTIVATING', 'STOPPING', 'DEPROVISIONING'],
  ...['STOPPED', 'DELETED'],
];
const STOP_CODES = [
  ...['TaskFailedToStart', 'EssentialContainerExited', 'UserInitiated', 'ServiceSchedulerInitiated'],
  ...['SpotInterruption', 'TerminationNotice'],
];
const OTHER_MEMBERS = [
  ...['attachments', 'attributes', 'availabilityZone', 'capacityProviderName', 'connectivity', 'containers', 'cpu'],
  ...['enableExecuteCommand', 'ephemeralStorage', 'group', 'memory', 'overrides', 'platformVersion', 'startedBy'],
  ...['stoppedReason', 'taskArn', 'taskDefinitionArn', 'updatedAt', 'version'],
];

/** Every `ECS Task State Change` that tasks of these clusters may have. */
export function possibleTaskEvents(clusterArns: readonly string[]): EventKind {
  const unknown = Object.fromEntries([...TIMES, ...OTHER_MEMBERS].map((name) => [name, ANY_VALUE]));
  return {
    source: 'aws.ecs',
    'detail-type': 'ECS Task State Change',
    detail: {
      ...unknown,
      clusterArn: clusterArns,
      desiredStatus: ['RUNNING', 'STOPPED'],
      lastStatus: TASK_STATUSES,
      launchType: ['FARGATE'],
      stopCode: STOP_CODES,
    },
  };
}
