import { Task$ } from '@aws-sdk/client-ecs';
import type { AwsEvent, LocalAws } from '../../aws-service.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { fromSdkOutput, type ResultStyle } from './results.ts';
import { shapeOf } from './shape.ts';

/** How the optimized integration of ECS spells an ECS task. */
export const ECS_TASK_STYLE: ResultStyle = { names: 'optimized', dates: 'milliseconds', fillLists: true };

/** An ECS task may stop before the answer to RunTask arrives: so many stops are kept for those who ask late. */
const STOPS_KEPT = 1_000;

/** Hears on the default bus which ECS tasks have stopped. */
export class EcsStops {
  readonly #stopped = new Map<string, JsonObject>();
  readonly #waiting = new Map<string, (task: JsonObject) => void>();
  readonly #stopListening: () => void;

  constructor(aws: LocalAws) {
    this.#stopListening = aws.onEvent((event) => this.#hear(event));
  }

  /** Resolves with the ECS task when it has stopped; never, once the signal is aborted. */
  wait(taskArn: string, signal: AbortSignal): Promise<JsonObject> {
    const stopped = this.#stopped.get(taskArn);
    if (stopped) return Promise.resolve(stopped);
    return new Promise((resolve) => {
      if (signal.aborted) return;
      this.#waiting.set(taskArn, resolve);
      signal.addEventListener('abort', () => this.#waiting.delete(taskArn), { once: true });
    });
  }

  close(): void {
    this.#stopListening();
    this.#waiting.clear();
  }

  #hear({ source, detail, 'detail-type': type }: AwsEvent): void {
    if (source !== 'aws.ecs' || type !== 'ECS Task State Change') return;
    const { lastStatus, taskArn } = detail as { lastStatus?: unknown; taskArn?: unknown };
    if (lastStatus !== 'STOPPED' || typeof taskArn !== 'string') return;
    const task = fromSdkOutput(shapeOf(Task$), detail, ECS_TASK_STYLE);
    if (!isJsonObject(task)) return;
    this.#keep(taskArn, task);
    this.#waiting.get(taskArn)?.(task);
    this.#waiting.delete(taskArn);
  }

  #keep(taskArn: string, task: JsonObject): void {
    this.#stopped.set(taskArn, task);
    const [oldest] = this.#stopped.keys();
    if (this.#stopped.size > STOPS_KEPT && oldest !== undefined) this.#stopped.delete(oldest);
  }
}
