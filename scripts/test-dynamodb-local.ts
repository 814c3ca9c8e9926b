import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..');
const POM = join(PROJECT, 'test/dynamodb-local/pom.xml');
const CONFIG = join(PROJECT, 'test/dynamodb-local/vitest.config.ts');
const CACHE = join(PROJECT, 'node_modules/.cache/dynamodb-local');
const JAVA_VERSION = 17;
/** What cannot even begin, as opposed to a test that fails. */
const EXIT_NOT_RUN = 2;

/** Holds the stores against Amazon's DynamoDB Local, which Maven fetches the first time. */
function main(): number {
  const missing = missingTool();
  if (missing) return notRun(missing);
  const jars = join(CACHE, versionOf(POM));
  if (!existsSync(jars)) {
    const failure = install(jars);
    if (failure) return notRun(failure);
  }
  const vitest = join(PROJECT, 'node_modules/vitest/vitest.mjs');
  const run = spawnSync(process.execPath, [vitest, 'run', '--root', PROJECT, '--config', CONFIG], {
    stdio: 'inherit',
    env: { ...process.env, DYNAMODB_LOCAL_JARS: jars },
  });
  return run.status ?? 1;
}

function notRun(why: string): number {
  console.error(`DynamoDB Local was not tested: ${why}`);
  return EXIT_NOT_RUN;
}

function missingTool(): string | undefined {
  const java = run('java', ['-version']);
  const version = Number(/version "(\d+)/.exec(java.stderr)?.[1] ?? 0);
  if (version < JAVA_VERSION) {
    const found = version ? `Java ${version} is here` : 'there is no `java` on PATH';
    return `it needs Java ${JAVA_VERSION} or later, and ${found}.`;
  }
  return run('mvn', ['-v']).status === 0 ? undefined : 'it is fetched by Maven, and there is no `mvn` on PATH.';
}

function versionOf(pom: string): string {
  const version = /<artifactId>DynamoDBLocal<\/artifactId>\s*<version>([\d.]+)</.exec(readFileSync(pom, 'utf8'))?.[1];
  if (version) return version;
  throw new Error(`${pom} names no version of DynamoDBLocal.`);
}

/** Fetches the jars into a folder that is there only once it is whole. Returns what went wrong. */
function install(jars: string): string | undefined {
  const part = `${jars}.part`;
  rmSync(part, { recursive: true, force: true });
  console.log('Fetching DynamoDB Local (about 50 MB)');
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${part}`];
  const fetched = run('mvn', ['-q', '-B', '-f', POM, ...goal]);
  if (fetched.status !== 0) return `Maven could not fetch it.\n${fetched.stdout}${fetched.stderr}`;
  renameSync(part, jars);
  return undefined;
}

function run(command: string, args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

process.exitCode = main();
