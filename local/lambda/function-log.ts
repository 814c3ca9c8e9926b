import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  type InputLogEvent,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';

const FLUSH_AFTER_MS = 100;
const MAX_BATCH_EVENTS = 10_000;
const MAX_BATCH_BYTES = 1_000_000;
const MAX_MESSAGE = 250_000;
const BYTES_PER_EVENT = 26;

interface Line extends InputLogEvent {
  readonly timestamp: number;
  readonly message: string;
  readonly delivered: () => void;
}

/** The log stream of one thread: collects lines and sends them in batches, in order. */
export class FunctionLog {
  private lines: Line[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();
  private created = false;

  /** @param onFault is told when a batch could not be delivered; the function runs on, as it does on Lambda. */
  constructor(
    private readonly client: CloudWatchLogsClient,
    private readonly group: string,
    private readonly stream: string,
    private readonly onFault: (error: unknown) => void,
  ) {}

  /** @param delivered called when the line has left this process, or never will */
  write(text: string, timestamp: number, delivered: () => void = () => {}): void {
    const last = this.lines.at(-1)?.timestamp ?? 0;
    // CloudWatch Logs refuses an empty message, and a batch that is not in order of time.
    this.lines.push({ message: text.slice(0, MAX_MESSAGE) || ' ', timestamp: Math.max(timestamp, last), delivered });
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_AFTER_MS);
  }

  /** Resolves when everything written so far is delivered or given up. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sending = this.sending.then(() => this.sendAll());
    return this.sending;
  }

  private async sendAll(): Promise<void> {
    while (this.lines.length > 0) {
      const batch = this.takeBatch();
      try {
        await this.ensureStream();
        await this.client.send(
          new PutLogEventsCommand({
            logGroupName: this.group,
            logStreamName: this.stream,
            logEvents: batch.map(({ timestamp, message }) => ({ timestamp, message })),
          }),
        );
      } catch (error) {
        this.onFault(error);
      } finally {
        for (const line of batch) line.delivered();
      }
    }
  }

  private takeBatch(): Line[] {
    let bytes = 0;
    let count = 0;
    for (const line of this.lines) {
      bytes += Buffer.byteLength(line.message, 'utf8') + BYTES_PER_EVENT;
      if (count === MAX_BATCH_EVENTS || (bytes > MAX_BATCH_BYTES && count > 0)) break;
      count += 1;
    }
    return this.lines.splice(0, count);
  }

  private async ensureStream(): Promise<void> {
    if (this.created) return;
    const stream = new CreateLogStreamCommand({ logGroupName: this.group, logStreamName: this.stream });
    try {
      await this.client.send(stream);
    } catch (error) {
      if (!isNamed(error, 'ResourceNotFoundException')) throw error;
      await this.createGroup();
      await this.client.send(stream);
    }
    this.created = true;
  }

  /** Another thread of the function may have created it in between. */
  private async createGroup(): Promise<void> {
    try {
      await this.client.send(new CreateLogGroupCommand({ logGroupName: this.group }));
    } catch (error) {
      if (!isNamed(error, 'ResourceAlreadyExistsException')) throw error;
    }
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
