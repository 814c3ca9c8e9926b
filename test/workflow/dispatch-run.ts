import type { TaskScript } from '../local/stepfunctions/engine-stand.ts';
import { payloadOf, runScripted, type ScriptedRun } from './scripted-run.ts';

export const INPUT = {
  dispatchId: '01J9ZK6W3N8R5T7V9X1Y3Z5A7B',
  attempt: 1,
  tenantId: 'local',
  agent: 'shell',
  timeoutSeconds: 60,
};
export const TASK_ARN = 'arn:aws:ecs:us-east-1:000000000000:task/outpost/1';
export const STOPPED = { TaskArn: TASK_ARN, LastStatus: 'STOPPED', Containers: [{ Name: 'worker', ExitCode: 0 }] };
export const SUCCESS = { status: 'SUCCESS', exitCode: 0, runAgain: false };
export const FAILED_START = { status: 'FAILED', reason: 'no capacity', runAgain: true };

/** The states of a cold run, and those after it. */
export const COLD = ['Admit', 'ClaimWarmSlot', 'WarmOrCold', 'RunColdTask'];
/** Those of a warm run. */
export const WARM = ['Admit', 'ClaimWarmSlot', 'WarmOrCold', 'RunOnWarmSlot'];
export const TO_THE_END = ['CollectOutput', 'RecordOutcome', 'Ended'];

export const REF = { dispatchId: INPUT.dispatchId, attempt: 1, agent: 'shell' };
export const SLOT_ID = '01J9ZK5V2M7Q4S6T8W0X2Y4Z6A';
/** What a worker reports. */
export const REPORT = { stop: { taskArn: TASK_ARN, containers: [{ name: 'worker', exitCode: 0 }] } };
const CLAIMED = { Payload: { claimed: true, slotId: SLOT_ID } };
const MISSED = { Payload: { claimed: false } };

/** Runs the dispatch state machine; what a test does not script goes well, and finds no warm slot. */
export function run(
  scripts: Record<string, TaskScript> = {},
  input: typeof INPUT & { readonly workspaceMode?: string } = INPUT,
): Promise<ScriptedRun> {
  return runScripted('dispatch', input, {
    Admit: {},
    ClaimWarmSlot: MISSED,
    RunColdTask: STOPPED,
    FindTask: { Item: { taskArn: { S: TASK_ARN } } },
    StopTask: {},
    AwaitStop: { Tasks: [STOPPED], Failures: [] },
    MapStopReason: { Payload: SUCCESS },
    CollectOutput: (call) => ({ Payload: payloadOf(call.arguments.value).outcome ?? {} }),
    RecordOutcome: (call) => ({ Payload: { reason: '', ...payloadOf(call.arguments.value).outcome } }),
    ...scripts,
  });
}

/** As `run`, but the first run finds a warm slot. */
export function runWarm(scripts: Record<string, TaskScript> = {}): Promise<ScriptedRun> {
  return run({
    ClaimWarmSlot: (call) => (payloadOf(call.arguments.value).run === 1 ? CLAIMED : MISSED),
    RunOnWarmSlot: REPORT,
    ReclaimSlot: { Payload: { reclaimed: true } },
    ...scripts,
  });
}
