import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AwsError } from '../gateway/aws-error.ts';
import { LogStreamFile } from './log-stream-file.ts';

const OPEN_FILES = 256;
const MAX_FILE_NAME = 230;

/** The log groups: a folder each, with a file for each stream, named by their percent-encoded names. */
export class LogGroups {
  private readonly open = new Map<string, LogStreamFile>();

  constructor(
    private readonly folder: string,
    private readonly arnPrefix: string,
  ) {}

  /** Returns `false` where the group was there already. */
  createGroup(name: string): boolean {
    if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(name)) {
      throw new AwsError('InvalidParameterException', `The log group name '${name}' is not valid.`);
    }
    return mkdirSync(this.groupPath(name), { recursive: true }) !== undefined;
  }

  createStream(group: string, stream: string): void {
    if (stream.length < 1 || stream.length > 512 || /[:*\p{Surrogate}]/u.test(stream)) {
      throw new AwsError('InvalidParameterException', `The log stream name '${stream}' is not valid.`);
    }
    this.requireGroup(group);
    const path = this.streamPath(group, stream);
    if (existsSync(path)) {
      throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists');
    }
    this.file(path);
  }

  groupArn(name: string): string {
    return `${this.arnPrefix}:log-group:${name}`;
  }

  groupNames(): string[] {
    return readdirSync(this.folder).map(decodeName).sort();
  }

  streamNames(group: string): string[] {
    this.requireGroup(group);
    return readdirSync(this.groupPath(group))
      .map((file) => decodeName(file.slice(0, -'.jsonl'.length)))
      .sort();
  }

  /** The stream's file. Throws `ResourceNotFoundException` as CloudWatch Logs does. */
  stream(group: string, stream: string): LogStreamFile {
    this.requireGroup(group);
    const path = this.streamPath(group, stream);
    if (!existsSync(path)) {
      throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
    }
    return this.file(path);
  }

  requireGroup(group: string): void {
    if (existsSync(this.groupPath(group))) return;
    throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
  }

  close(): void {
    for (const file of this.open.values()) file.close();
    this.open.clear();
  }

  /** Keeps the files used last open: a file is opened again when its turn comes. */
  private file(path: string): LogStreamFile {
    const file = this.open.get(path) ?? new LogStreamFile(path);
    this.open.delete(path);
    this.open.set(path, file);
    const [oldest] = this.open;
    if (this.open.size > OPEN_FILES && oldest) {
      oldest[1].close();
      this.open.delete(oldest[0]);
    }
    return file;
  }

  private groupPath(group: string): string {
    return join(this.folder, encodeName(group));
  }

  private streamPath(group: string, stream: string): string {
    return join(this.groupPath(group), `${encodeName(stream)}.jsonl`);
  }
}

/** Any name as a file name: nothing that a file system reads as more than letters is left, `.` and `/` included. */
function encodeName(name: string): string {
  const encoded = encodeURIComponent(name).replace(/[.!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  if (encoded.length > MAX_FILE_NAME) {
    throw new AwsError(
      'InvalidParameterException',
      `The name '${name.slice(0, 60)}…' is longer than the disk can hold.`,
    );
  }
  return encoded;
}

function decodeName(name: string): string {
  return decodeURIComponent(name);
}
