import {
  type CloudWatchLogsClient,
  GetLogEventsCommand,
  InvalidParameterException,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import { validationError } from './api-error.ts';
import type { LogLines } from './wire.ts';

export interface LogPosition {
  readonly agent: string;
  /** The ECS task that writes the log. */
  readonly taskArn: string;
  /** Lines at most. */
  readonly limit: number;
  /** Where an earlier answer ended; without it, the newest lines are read. */
  readonly after?: string;
}

/** What agents print: one CloudWatch log stream for each ECS task, `<agent>/worker/<ECS task id>`. */
export class AgentLog {
  constructor(
    private readonly client: CloudWatchLogsClient,
    private readonly logGroupName: string,
  ) {}

  /** Throws an `ApiError` where `after` is not a token of this log. */
  async read({ agent, taskArn, limit, after }: LogPosition): Promise<LogLines> {
    const command = new GetLogEventsCommand({
      logGroupName: this.logGroupName,
      logStreamName: `${agent}/worker/${taskArn.slice(taskArn.lastIndexOf('/') + 1)}`,
      limit,
      // A forward token is only good with it; without a token, it would mean the oldest lines.
      startFromHead: after !== undefined,
      nextToken: after,
    });
    try {
      const { events = [], nextForwardToken } = await this.client.send(command);
      const lines = events.map(({ timestamp = 0, message = '' }) => ({
        timestamp: new Date(timestamp).toISOString(),
        message,
      }));
      return { lines, nextToken: nextForwardToken ?? null };
    } catch (error) {
      // The stream is made when the first line is written.
      if (error instanceof ResourceNotFoundException) return { lines: [], nextToken: null };
      if (error instanceof InvalidParameterException && after !== undefined) {
        throw validationError([{ path: 'logsAfter', message: 'is not a token of this log' }]);
      }
      throw error;
    }
  }
}
