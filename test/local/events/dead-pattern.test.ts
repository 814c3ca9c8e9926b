import { describe, expect, it } from 'vitest';
import { possibleTaskEvents } from '../../../local/ecs/event-kind.ts';
import { taskAsEvent } from '../../../local/ecs/task-record.ts';
import { deadParts } from '../../../local/events/dead-pattern.ts';
import { possibleStatusChanges } from '../../../local/stepfunctions/status-change.ts';

const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:dispatch';
const CLUSTER = 'arn:aws:ecs:us-east-1:000000000000:cluster/outpost';
const KINDS = [possibleStatusChanges([MACHINE]), possibleTaskEvents([CLUSTER])];

const EXECUTIONS = { source: ['aws.states'], 'detail-type': ['Step Functions Execution Status Change'] };
const TASKS = { source: ['aws.ecs'], 'detail-type': ['ECS Task State Change'] };

describe('a pattern that can match', () => {
  it.each([
    ['any event of a service', { source: ['aws.states'] }],
    [
      'some statuses of a state machine',
      { ...EXECUTIONS, detail: { status: ['ABORTED'], stateMachineArn: [MACHINE] } },
    ],
    [
      'values that are known only then',
      { ...EXECUTIONS, detail: { name: [{ prefix: '01' }], error: [{ exists: true }] } },
    ],
    ['nested values', { ...TASKS, detail: { containers: { exitCode: [{ numeric: ['>', 0] }] }, group: ['family:x'] } }],
    [
      'either of two',
      { ...TASKS, $or: [{ detail: { lastStatus: ['STOPPED'] } }, { detail: { stopCode: ['UserInitiated'] } }] },
    ],
    ['all but some', { ...TASKS, detail: { lastStatus: [{ 'anything-but': ['STOPPED'] }], clusterArn: [CLUSTER] } }],
    ['where and when', { ...TASKS, account: ['000000000000'], resources: [{ prefix: 'arn:aws:ecs' }] }],
    ["events of one's own", { source: ['outpost'], 'detail-type': ['Dispatch Ended'] }],
  ])('%s has no fault', (_what, pattern) => {
    expect(deadParts(pattern, KINDS)).toEqual([]);
  });
});

describe('a pattern that cannot match', () => {
  it.each([
    ['of an unknown detail-type', { ...EXECUTIONS, 'detail-type': ['Execution Status Change'] }],
    ['of an unknown source', { source: ['aws.step'] }],
    ['of another state machine', { ...EXECUTIONS, detail: { stateMachineArn: [`${MACHINE}s`] } }],
    ['of another cluster', { ...TASKS, detail: { clusterArn: [`${CLUSTER}s`] } }],
    ['of an unknown field', { ...TASKS, detail: { status: ['STOPPED'] } }],
    ['of fields of two kinds', { source: ['aws.ecs'], 'detail-type': EXECUTIONS['detail-type'] }],
  ])('%s is told as a whole', (_what, pattern) => {
    expect(deadParts(pattern, KINDS)).toEqual([expect.stringContaining(JSON.stringify(pattern))]);
  });

  it.each([
    ['a list', { ...TASKS, detail: { lastStatus: ['STOPPED', 'STOPED'] } }, 'detail.lastStatus = "STOPED"'],
    [
      'an alternative',
      { ...TASKS, $or: [{ detail: { lastStatus: ['STOPPED'] } }, { detail: { lastStatus: ['GONE'] } }] },
      '$or = {"detail":{"lastStatus":["GONE"]}}',
    ],
  ])('by one value of %s is told with that value', (_what, pattern, where) => {
    expect(deadParts(pattern, KINDS)).toEqual([expect.stringContaining(where)]);
  });
});

it('knows every member that an event of a task may have', () => {
  const detail = taskAsEvent({
    taskId: 'id',
    taskArn: `${CLUSTER}/id`,
    clusterArn: CLUSTER,
    taskDefinitionArn: 'definition',
    family: 'family',
    revision: 1,
    createdAt: '2026-01-01T00:00:00Z',
    connectivityAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    attachmentId: 'attachment',
    subnetId: 'subnet',
    availabilityZone: 'us-east-1a',
    architecture: 'arm64',
    capacityProviderName: 'FARGATE',
    platformVersion: '1.4.0',
    cpu: '256',
    memory: '512',
    storageInGiB: 20,
    group: 'family:family',
    startedBy: 'someone',
    enableExecuteCommand: false,
    overrides: {},
    taskRoleArn: undefined,
    executionRoleArn: undefined,
    clientToken: undefined,
    requestDigest: undefined,
    containers: [],
    tags: [],
    version: 1,
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    stopCode: 'UserInitiated',
    stoppedReason: 'stopped',
  }).detail;

  const known = Object.keys(possibleTaskEvents([CLUSTER]).detail);

  expect(known).toEqual(expect.arrayContaining(Object.keys(detail as object)));
});
