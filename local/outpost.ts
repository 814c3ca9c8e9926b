import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { currentAssembly } from './assembly.ts';
import { ExplainedError, UsageError } from './cli/command-line.ts';
import { Connection, connectionFile } from './connection.ts';
import { DataFolderError, openDataFolder } from './data-folder.ts';
import { bootEmbeddedAws, type EmbeddedAws, type EmbeddedAwsOptions } from './embedded-aws.ts';
import type { FaultSettings } from './faults/fault-settings.ts';
import { localKey } from './local-key.ts';
import { SecretsFileError } from './secretsmanager/secrets-file.ts';
import { TemplateError } from './template/template.ts';

export interface OutpostOptions {
  /** The folder in which all of it lies. */
  readonly data: string;
  /** The API's port on 127.0.0.1; 0 is any free one. */
  readonly port: number;
  /** How many warm slots may wait, like `shell=0-2`. @default as in `localPool` */
  readonly pool?: string;
  /** Variables of agents' environments, like `claude.NAME=value`, each on a line of its own. @default none */
  readonly agentEnv?: string;
  /** Where repositories of the form `owner/name` are. @default https://github.com */
  readonly githubUrl?: string;
  /** From one checkpoint of a running agent's workspace to the next. @default 60 */
  readonly checkpointSeconds?: string;
  /** A cloud assembly to boot from. @default the project's own, made anew where its sources have changed */
  readonly assembly?: string;
  /** Faults to happen, for tests of how it bears them. @default none */
  readonly faults?: FaultSettings;
  /** What stands for a container image, for tests that have the real one. @default the worker, run by this machine's Node */
  readonly imageOf?: EmbeddedAwsOptions['imageOf'];
  readonly log: (line: string) => void;
}

/** Outpost on the embedded AWS, with a tenant and a key to use it by. */
export interface Outpost {
  readonly aws: EmbeddedAws;
  readonly connection: Connection;
  close(): Promise<void>;
}

/**
 * Boots Outpost, and says how to reach it in `<data>/connection.json` (mode 0600) once it is ready.
 * @throws DataFolderError, TemplateError, or the system's error where the port is taken
 */
export async function bootOutpost({ data, port, log, ...options }: OutpostOptions): Promise<Outpost> {
  const folder = openDataFolder(data);
  const file = connectionFile(folder.path);
  try {
    const before = takeConnection(file);
    const assembly = options.assembly ?? (await currentAssembly(log, settingsOf(options)));
    const { faults, imageOf } = options;
    const aws = await bootEmbeddedAws({ assembly, data: folder, apiPort: port, faults, imageOf, log });
    try {
      const key = await localKey(aws, before?.apiKey);
      const connection = Connection.parse({ baseUrl: aws.apiUrl, ...key, aws: operatorOf(aws) });
      // Whoever waits for the file reads it whole or not at all.
      writeFileSync(`${file}.part`, `${JSON.stringify(connection, undefined, 2)}\n`, { mode: 0o600 });
      renameSync(`${file}.part`, file);
      return { aws, connection, close: () => aws.close().finally(folder.release) };
    } catch (error) {
      await aws.close();
      throw error;
    }
  } catch (error) {
    folder.release();
    throw error;
  }
}

/** As CDK context. */
function settingsOf({ pool, agentEnv, githubUrl, checkpointSeconds }: Partial<OutpostOptions>): Record<string, string> {
  const settings = Object.entries({ pool, agentEnv, githubUrl, checkpointSeconds });
  return Object.fromEntries(settings.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** The same, for a command line: what its user can put right is a `UsageError`. */
export async function bootOrExplain(options: OutpostOptions): Promise<Outpost> {
  try {
    return await bootOutpost(options);
  } catch (error) {
    if (error instanceof TemplateError) throw new ExplainedError(error.message, { cause: error });
    if (error instanceof SecretsFileError) throw new UsageError(error.message, { cause: error });
    if (error instanceof DataFolderError) throw new UsageError(error.message, { cause: error });
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      throw new UsageError(`Port ${options.port} is taken. Name another with --port, or 0 for any free one.`);
    }
    throw error;
  }
}

/** As the SDK takes it; a client that was given the credentials has put notes of its own among them. */
function operatorOf({ operator: { endpoint, region, credentials } }: EmbeddedAws): Record<string, unknown> {
  return { endpoint, region, ...credentials };
}

/** The key that an earlier boot left there; the file is gone until this boot is ready. */
function takeConnection(file: string): Pick<Connection, 'apiKey'> | undefined {
  try {
    return Connection.pick({ apiKey: true }).safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    rmSync(file, { force: true });
  }
}
