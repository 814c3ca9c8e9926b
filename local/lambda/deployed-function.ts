import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { LocalAws } from '../aws-service.ts';
import type { FunctionFaults, RunInvocation } from '../faults/hooks.ts';
import { clientConfig } from '../service-principal.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import { functionEnvironment } from './function-environment.ts';
import { FunctionLog } from './function-log.ts';
import { FunctionPool } from './function-pool.ts';
import { MAX_SYNC_BYTES } from './invoke-request.ts';
import { PlatformLines } from './platform-lines.ts';
import { type Invocation, type InvocationResult, Sandbox } from './sandbox.ts';
import type { FunctionFault } from './thread-messages.ts';

const TAIL_BYTES = 4096;
const MAX_REPORTED = 400;

/** What an invocation came to, with the last 4 KB of what it wrote. */
export interface InvocationReport {
  readonly result: InvocationResult;
  readonly tail: string;
}

/** One function of the template: its threads, its environment and its logs. */
export class DeployedFunction {
  private readonly pool: FunctionPool;
  private readonly logs = new Set<FunctionLog>();
  private client: CloudWatchLogsClient | undefined;
  private saidLost = false;
  private closed = false;

  constructor(
    private readonly aws: LocalAws,
    readonly configuration: FunctionConfiguration,
    private readonly runtimePath: string,
    private readonly faults?: FunctionFaults | undefined,
  ) {
    this.pool = new FunctionPool(configuration, (logStream) => this.startThread(logStream));
  }

  /** Loads the function into a first thread; says why where that fails. */
  async warmUp(): Promise<string | undefined> {
    const fault = await this.pool.warmUp();
    return fault && `${this.configuration.name} cannot start: ${fault.errorType}: ${fault.errorMessage}`;
  }

  /** Runs one event when its turn comes. Rejects only where the event never reached a thread. */
  async invoke(invocation: Invocation, how: 'sync' | 'async' = 'sync'): Promise<InvocationReport> {
    const lines: string[] = [];
    const run: RunInvocation = (extras) =>
      this.pool.invoke({ ...invocation, ...extras, onLine: (line) => keepTail(lines, line) });
    const { name: functionName } = this.configuration;
    const ran = this.faults?.around({ ...invocation, functionName, invocation: how }, run) ?? run({});
    const result = limitAnswer(await ran);
    // What a closing process interrupts has not failed.
    if ('fault' in result && !this.closed) this.report(invocation.requestId, result.fault);
    return { result, tail: lines.join('') };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.pool.close();
    await Promise.all([...this.logs].map((log) => log.flush()));
    this.client?.destroy();
  }

  /** Its own log says more: this line tells where to look. */
  private report(requestId: string, { errorType, errorMessage }: FunctionFault): void {
    const message = `${errorType}: ${errorMessage}`.replaceAll('\n', ' ').slice(0, MAX_REPORTED);
    this.aws.log(`lambda: ${this.configuration.name} failed on ${requestId}: ${message}`);
  }

  private startThread(logStream: string): Sandbox {
    this.client ??= new CloudWatchLogsClient(clientConfig(this.aws, this.configuration.role, this.configuration.name));
    const { name, logGroup } = this.configuration;
    const log = new FunctionLog(this.client, logGroup, logStream, (error) => {
      if (!this.saidLost) this.aws.log(`lambda: log lines of ${name} are lost: ${String(error)}`);
      this.saidLost = true;
    });
    this.logs.add(log);
    return new Sandbox({
      runtimePath: this.runtimePath,
      configuration: this.configuration,
      logStream,
      environment: {
        ...functionEnvironment(this.aws, this.configuration, logStream),
        ...this.faults?.environment(name),
      },
      platformLines: new PlatformLines(this.configuration),
      onOutput: (text, time, delivered) => log.write(text, time, delivered),
      onEnd: () => void log.flush().finally(() => this.logs.delete(log)),
    });
  }
}

function keepTail(lines: string[], line: string): void {
  lines.push(`${line}\n`);
  let bytes = Buffer.byteLength(lines.join(''), 'utf8');
  while (bytes > TAIL_BYTES && lines.length > 1) bytes -= Buffer.byteLength(lines.shift() ?? '', 'utf8');
}

function limitAnswer(result: InvocationResult): InvocationResult {
  if ('fault' in result || Buffer.byteLength(result.body, 'utf8') <= MAX_SYNC_BYTES) return result;
  return {
    fault: {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `Response payload size exceeded maximum allowed payload size (${MAX_SYNC_BYTES} bytes).`,
    },
  };
}
