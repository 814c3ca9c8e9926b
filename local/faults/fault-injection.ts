import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { AwsEvent } from '../aws-service.ts';
import type { Intercept } from '../gateway/gateway.ts';
import { CallFaults } from './call-faults.ts';
import { deliveryFaults } from './delivery-faults.ts';
import { executionFaults } from './execution-faults.ts';
import { createFaultPlan } from './fault-plan.ts';
import { FaultSettings } from './fault-settings.ts';
import { FaultSwitch } from './fault-switch.ts';
import { functionFaults } from './function-faults.ts';
import type { DeliveryFaults, ExecutionFaults, FunctionFaults, TaskFaults } from './hooks.ts';
import { idsIn, KnownIds } from './ids.ts';
import { Journal } from './journal.ts';
import { Moments } from './moments.ts';
import { taskFaults } from './task-faults.ts';

const CLOCK_ENTRY = fileURLToPath(new URL('./skewed-clock.ts', import.meta.url));

export interface FaultInjectionOptions {
  /** The folder `faults` of the data folder: `faults.jsonl`, `calls.jsonl`, and `stop` once there is an end to it. */
  readonly folder: string;
  /** Its calls are the operator's. */
  readonly operatorRole: string;
}

/** What the embedded AWS asks where faults may happen. Nothing happens before `arm`. */
export interface FaultInjection {
  readonly intercept: Intercept;
  readonly functions: FunctionFaults;
  readonly deliveries: DeliveryFaults;
  readonly tasks: TaskFaults;
  readonly executions: ExecutionFaults;
  readonly asyncRetryAfterMs: readonly number[] | undefined;
  /** Notes an event of the default bus down. */
  readonly heard: (event: AwsEvent) => void;
  arm(): void;
  close(): void;
}

/** Begins a plan, or goes on with it after a restart: each boot has faults of its own, by its number. */
export async function startFaultInjection(
  settings: FaultSettings,
  { folder, operatorRole }: FaultInjectionOptions,
): Promise<FaultInjection> {
  const { seed, rates, until = Number.POSITIVE_INFINITY, asyncRetryAfterMs } = FaultSettings.parse(settings);
  const boot = countBoot(join(folder, 'boots'));
  const plan = createFaultPlan({ seed, boot, rates: settings.rates });
  const state = new FaultSwitch(folder, until);
  const moments = new Moments(() => state.isOn);
  const known = new KnownIds();
  const head = lineHead(boot);
  const faults = new Journal(join(folder, 'faults.jsonl'), head);
  const calls = new Journal(join(folder, 'calls.jsonl'), head);
  const parts = { plan, state, moments, known, faults, calls };
  const clockModule = rates.clocks.workers > 0 ? await bundleClock(folder) : undefined;
  return {
    intercept: new CallFaults({ ...parts, operatorRole }).intercept,
    functions: functionFaults({ ...parts, folder }),
    deliveries: deliveryFaults(parts),
    tasks: taskFaults({ ...parts, clockModule }),
    executions: executionFaults(parts),
    asyncRetryAfterMs,
    heard: (event) => noteEvent(calls, event),
    arm: () => state.arm(),
    close: () => {
      state.disarm();
      faults.close();
      calls.close();
    },
  };
}

/** Both journals count together: boot and number give the order of all lines. */
function lineHead(boot: number) {
  let number = 0;
  return () => {
    number += 1;
    return { time: new Date().toISOString(), boot, number };
  };
}

/** The number of this boot, from 0. */
function countBoot(file: string): number {
  const boot = readCount(file);
  writeFileSync(`${file}.part`, String(boot + 1));
  renameSync(`${file}.part`, file);
  return boot;
}

function readCount(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** A container's Node loads it before its program, and runs plain JavaScript. */
async function bundleClock(folder: string): Promise<string> {
  const outfile = join(folder, 'skewed-clock.mjs');
  await build({ entryPoints: [CLOCK_ENTRY], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20' });
  return pathToFileURL(outfile).href;
}

function noteEvent(calls: Journal, event: AwsEvent): void {
  const ids = idsIn(JSON.stringify([event.resources, event.detail]));
  if (ids.length === 0) return;
  const { lastStatus, status, stopCode, taskArn, name } = event.detail as Readonly<Record<string, unknown>>;
  calls.write({ event: event['detail-type'], status: lastStatus ?? status, stopCode, taskArn, name, ids });
}
