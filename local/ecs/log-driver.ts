import { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { LocalAws } from '../aws-service.ts';
import type { ContainerDefinition } from './definition-schema.ts';
import { LogStream } from './log-stream.ts';

/** The awslogs driver: opens one log stream a container, in the name of the task's execution role. */
export class LogDriver {
  private readonly aws: LocalAws;
  private readonly clients = new Map<string, CloudWatchLogsClient>();

  constructor(aws: LocalAws) {
    this.aws = aws;
  }

  /** Rejects with the SDK's error where the stream cannot be made; a stream that is there already is taken. */
  async open(
    configuration: NonNullable<ContainerDefinition['LogConfiguration']>,
    container: { readonly name: string; readonly taskId: string; readonly executionRoleArn: string },
  ): Promise<LogStream> {
    const client = this.clientOf(container.executionRoleArn);
    const options = configuration.Options;
    const target = {
      logGroupName: options['awslogs-group'],
      logStreamName: `${options['awslogs-stream-prefix']}/${container.name}/${container.taskId}`,
    };
    if (options['awslogs-create-group'] === 'true') {
      const { logGroupName } = target;
      await unlessExists(client.send(new CreateLogGroupCommand({ logGroupName })));
    }
    await unlessExists(client.send(new CreateLogStreamCommand(target)));
    return new LogStream(client, target, (line) => this.aws.log(line));
  }

  close(): void {
    for (const client of this.clients.values()) client.destroy();
  }

  private clientOf(roleArn: string): CloudWatchLogsClient {
    const known = this.clients.get(roleArn);
    if (known) return known;
    const client = new CloudWatchLogsClient({
      region: this.aws.region,
      endpoint: this.aws.endpoint(),
      credentials: this.aws.credentials(roleArn, 'ecs-awslogs'),
    });
    this.clients.set(roleArn, client);
    return client;
  }
}

async function unlessExists(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceAlreadyExistsException') return;
    throw error;
  }
}
