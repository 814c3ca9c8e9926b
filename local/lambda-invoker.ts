import { InvokeCommand, type InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda';
import type { LocalAws } from './aws-service.ts';
import { clientConfig, SOURCE_ARN_HEADER, serviceRole } from './service-principal.ts';

/** Callers wait for the function's threads, not for a connection. */
const MAX_CONNECTIONS = 1000;

/** Whom an invocation is for, and what it carries. */
export interface ServiceInvocation {
  readonly functionArn: string;
  /** The rule, schedule or route that invokes. */
  readonly sourceArn: string;
  /** JSON text. */
  readonly payload: string;
}

/** Invokes functions in the name of a service, which a function's permissions must allow. */
export class LambdaInvoker {
  private client: LambdaClient | undefined;

  /** @param principal e.g. `events.amazonaws.com` */
  constructor(
    private readonly aws: LocalAws,
    private readonly principal: string,
  ) {}

  /** Resolves where the function is there and lets this service invoke it for the source; rejects with Lambda's error. */
  async verify(functionArn: string, sourceArn: string): Promise<void> {
    await this.send({ FunctionName: functionArn, InvocationType: 'DryRun' }, sourceArn);
  }

  /** Hands an event to Lambda's queue. */
  async queue({ functionArn, sourceArn, payload }: ServiceInvocation): Promise<void> {
    await this.send({ FunctionName: functionArn, InvocationType: 'Event', Payload: payload }, sourceArn);
  }

  /** Runs the function; `failed` says that what it answered is an error of its own. */
  async call({ functionArn, sourceArn, payload }: ServiceInvocation, signal: AbortSignal) {
    const answer = await this.send({ FunctionName: functionArn, Payload: payload }, sourceArn, signal);
    return {
      failed: answer.FunctionError !== undefined,
      payload: answer.Payload?.transformToString() ?? '',
    };
  }

  close(): void {
    this.client?.destroy();
  }

  private send(input: InvokeCommandInput, sourceArn: string, abortSignal?: AbortSignal) {
    // Who calls here retries by its own rules, or not at all.
    this.client ??= new LambdaClient({
      ...clientConfig(this.aws, serviceRole(this.principal), this.principal),
      maxAttempts: 1,
      requestHandler: { httpAgent: { keepAlive: true, maxSockets: MAX_CONNECTIONS } },
    });
    const command = new InvokeCommand(input);
    command.middlewareStack.add(
      (next) => (args) => {
        const { request } = args as { request: { headers: Record<string, string> } };
        request.headers[SOURCE_ARN_HEADER] = sourceArn;
        return next(args);
      },
      { step: 'build' },
    );
    return this.client.send(command, abortSignal && { abortSignal });
  }
}
