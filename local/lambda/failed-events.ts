import type { LocalAws } from '../aws-service.ts';
import { attributeText, isRefusal, type QueueMessage, QueueSender } from '../queue-sender.ts';
import type { EventInvokeConfigs } from './event-invoke-configs.ts';
import type { FunctionConfiguration } from './function-configuration.ts';
import type { FunctionFault } from './thread-messages.ts';

/** Lambda cuts the message of a dead letter at a kilobyte. */
const MAX_MESSAGE_BYTES = 1024;

/** An event that a function will not be given again. */
export interface FailedEvent {
  readonly requestId: string;
  /** JSON text. */
  readonly payload: string;
  /** How often the function has run on it. */
  readonly runs: number;
  readonly tooOld: boolean;
  /** How the last run failed, or why there was none. */
  readonly failure: FunctionFault | Error;
}

/**
 * Tells of events that were given up: to the function's dead-letter queue, and to the destination for failures of its
 * `EventInvokeConfig`. Both are sent to as the function's own role.
 */
export class FailedEvents {
  private readonly senders = new Map<string, QueueSender>();

  /** @param find the configuration of a function, `undefined` for one that is gone */
  constructor(
    private readonly aws: LocalAws,
    private readonly configs: EventInvokeConfigs,
    private readonly find: (functionName: string) => FunctionConfiguration | undefined,
  ) {}

  /** What is to be sent for an event; nothing where nobody asked to be told. */
  lettersFor(functionName: string, event: FailedEvent): QueueMessage[] {
    const configuration = this.find(functionName);
    if (!configuration) return [];
    const { onFailure } = this.configs.of(functionName);
    const { arn, deadLetterArn } = configuration;
    return [
      ...(deadLetterArn === undefined ? [] : [deadLetter(deadLetterArn, event)]),
      ...(onFailure === undefined ? [] : [{ queueArn: onFailure, body: JSON.stringify(invocationRecord(arn, event)) }]),
    ];
  }

  /** Answers why a letter can never be sent, nothing where it was; rejects where it may be tried again. */
  async send(functionName: string, letter: QueueMessage): Promise<string | undefined> {
    const configuration = this.find(functionName);
    if (!configuration) return 'the function is gone, and its role with it';
    try {
      await this.senderOf(configuration).send(letter);
      return undefined;
    } catch (error) {
      if (isRefusal(error)) return String(error);
      throw error;
    }
  }

  /** @throws Error with every queue that is gone, or that its function's role may not send to */
  async verify(configurations: readonly FunctionConfiguration[]): Promise<void> {
    const checks = configurations.flatMap((configuration) => {
      const queues = [configuration.deadLetterArn, this.configs.of(configuration.name).onFailure];
      return queues.filter((queue) => queue !== undefined).map((queue) => this.faultOf(configuration, queue));
    });
    const faults = (await Promise.all(checks)).filter((fault) => fault !== undefined);
    if (faults.length > 0) throw new Error(`Lambda cannot report every failure: ${faults.join('; ')}`);
  }

  close(): void {
    for (const sender of this.senders.values()) sender.close();
  }

  private async faultOf(configuration: FunctionConfiguration, queueArn: string): Promise<string | undefined> {
    try {
      await this.senderOf(configuration).verify(queueArn);
      return undefined;
    } catch (error) {
      return `function ${configuration.name}, queue ${queueArn}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  private senderOf({ name, role }: FunctionConfiguration): QueueSender {
    const sender = this.senders.get(name) ?? new QueueSender(this.aws, role, name);
    this.senders.set(name, sender);
    return sender;
  }
}

/** The event as it was, and "Dead-letter queue message attributes". */
function deadLetter(queueArn: string, { requestId, payload, failure }: FailedEvent): QueueMessage {
  return {
    queueArn,
    body: payload,
    attributes: {
      RequestID: { DataType: 'String', StringValue: requestId },
      ErrorCode: { DataType: 'Number', StringValue: String(statusOf(failure)) },
      ErrorMessage: { DataType: 'String', StringValue: attributeText(messageOf(failure), MAX_MESSAGE_BYTES) },
    },
  };
}

/** "Invocation record" of a destination for failures. */
function invocationRecord(functionArn: string, { requestId, payload, runs, tooOld, failure }: FailedEvent) {
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId,
      functionArn: `${functionArn}:$LATEST`,
      condition: tooOld ? 'EventAgeExceeded' : 'RetriesExhausted',
      approximateInvokeCount: runs,
    },
    requestPayload: JSON.parse(payload),
    ...(!(failure instanceof Error) && {
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: failure,
    }),
  };
}

/** A function that fails has been invoked all the same: 200. */
function statusOf(failure: FailedEvent['failure']): number {
  if (!(failure instanceof Error)) return 200;
  return 'status' in failure && typeof failure.status === 'number' ? failure.status : 500;
}

function messageOf(failure: FailedEvent['failure']): string {
  return failure instanceof Error ? failure.message : failure.errorMessage || failure.errorType;
}
