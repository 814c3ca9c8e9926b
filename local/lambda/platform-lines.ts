import type { FunctionConfiguration } from './function-configuration.ts';
import type { InvocationResult } from './sandbox.ts';

/** The lines that Lambda itself writes to a function's log, as text or, with `LogFormat: JSON`, as objects. */
export class PlatformLines {
  constructor(private readonly configuration: FunctionConfiguration) {}

  start(requestId: string): string[] {
    const { logsPlatformEvents, logFormat } = this.configuration;
    if (!logsPlatformEvents) return [];
    if (logFormat === 'Text') return [`START RequestId: ${requestId} Version: $LATEST`];
    return [this.record('platform.start', { requestId, version: '$LATEST' })];
  }

  /** @param durationMs how long the handler ran */
  report(requestId: string, durationMs: number, result: InvocationResult): string[] {
    const { logsPlatformEvents, logFormat, memorySize } = this.configuration;
    const fault = 'fault' in result ? result.fault : undefined;
    const ending = fault && /^(Sandbox|Runtime)\./.test(fault.errorType) ? [fault.errorMessage] : [];
    if (!logsPlatformEvents) return ending;
    const billed = Math.ceil(durationMs);
    if (logFormat === 'Text') {
      const facts = `Duration: ${durationMs.toFixed(2)} ms\tBilled Duration: ${billed} ms\tMemory Size: ${memorySize} MB`;
      return [...ending, `END RequestId: ${requestId}`, `REPORT RequestId: ${requestId}\t${facts}`];
    }
    const metrics = { durationMs: Number(durationMs.toFixed(3)), billedDurationMs: billed, memorySizeMB: memorySize };
    const outcome = fault ? { status: 'error', errorType: fault.errorType } : { status: 'success' };
    return [this.record('platform.report', { requestId, metrics, ...outcome })];
  }

  private record(type: string, record: object): string {
    return JSON.stringify({ time: new Date().toISOString(), type, record });
  }
}
