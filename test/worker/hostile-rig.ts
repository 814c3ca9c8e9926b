import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunOptions, until, type WorkerInTest, type WorkerRun } from './worker-in-test.ts';

/** What must not be found: each says where it was planted. No text that looks for them holds the word itself. */
export const CANARIES = {
  environment: 'canary-environment-5f0c2a',
  credentials: 'canary-credentials-91b7de',
  metadata: 'canary-metadata-30aa4c',
  token: 'canary-token-c4418e',
  secrets: 'canary-secrets-77d1f0',
  tenant: 'canary-tenant-08e6b3',
} as const;

/** For grep: it does not match itself, nor the process that looks for it. */
export const CANARY = 'canar[y]-[a-z]*-[0-9a-f]*';

let lastUid = 1_000_000 + process.pid * 64;
/** A user for one run, whatever test runs beside: the worker kills whoever else runs as its agent's. */
export function anotherUid(): number {
  lastUid += 1;
  return lastUid;
}

/** The variables of a worker in AWS that lead to credentials, beside those that every test gives it. */
export function hostileEnvironment(uid: number): Record<string, string> {
  return {
    AGENT_UID: String(uid),
    WORKER_CANARY: CANARIES.environment,
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: `/v2/credentials/${CANARIES.credentials}`,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:1/${CANARIES.credentials}`,
    ECS_CONTAINER_METADATA_URI: `http://127.0.0.1:1/v3/${CANARIES.metadata}`,
  };
}

export interface Tried {
  /** The lines that the probe printed as the agent. */
  readonly byAgent: readonly string[];
  /** Those of the very same probe as root: it finds what is there. */
  readonly byRoot: readonly string[];
  readonly exitCode: number | null;
  readonly run: WorkerRun;
}

export interface Attempt {
  /** What the agent does before. @default nothing */
  readonly prepare?: string;
  /** Bash that prints a line for each thing that it got at: `$1` is the worker's pid, `$2` its private folder, `$3` what is given. */
  readonly probe: string;
  /** `$3`, once the worker's agent runs. @default nothing */
  readonly given?: (run: WorkerRun) => string;
  readonly options?: RunOptions;
}

/** Has an agent try a way to what is not its own, and then root, while that agent still runs. */
export async function tryRoute(worker: WorkerInTest, { prepare = '', probe, given, options }: Attempt): Promise<Tried> {
  const uid = anotherUid();
  const task = `
    ${prepare}
    touch ready; until [ -e given ]; do sleep 0.02; done
    probe() {
    ${probe}
    }
    set +eu +o pipefail
    probe "$PPID" "$(dirname "$(dirname "$HOME")")" "$(cat given)" > found 2> words
    touch asked; until [ -e go ]; do sleep 0.02; done`;
  const run = await worker.run(task, {
    ...options,
    environment: { ...hostileEnvironment(uid), ...options?.environment },
  });
  const at = (name: string) => join(run.workspace, name);
  await until(() => existsSync(at('ready')));
  const argument = given?.(run) ?? '';
  writeFileSync(at('given'), argument);
  await until(() => existsSync(at('asked')));
  const byAgent = linesOf(readFileSync(at('found'), 'utf8'));
  const args = [String(run.process.pid), baseOf(worker, run), argument];
  const byRoot = linesOf(asRoot(run.workspace, probe, args));
  writeFileSync(at('go'), '');
  const { exitCode } = await run.ended;
  return { byAgent, byRoot, exitCode, run };
}

function asRoot(cwd: string, probe: string, args: readonly string[]): string {
  const { stdout } = spawnSync('bash', ['-c', probe, 'probe', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return stdout;
}

/** The worker's private folder for a run. */
export function baseOf(worker: WorkerInTest, { dispatchId }: WorkerRun): string {
  const temp = join(worker.folder, 'tmp', dispatchId);
  return join(temp, readdirSync(temp)[0] ?? '');
}

/**
 * Whether any process of a user lives, zombies aside. All of them are stopped for the look, at one blow: nobody slips
 * through between two looks.
 */
export function anyoneLives(uid: number): boolean {
  const signalAll = (name: string) =>
    spawnSync('/bin/sh', ['-c', `kill -s ${name} -- -1`], { uid, gid: uid, cwd: '/', stdio: 'ignore' });
  signalAll('STOP');
  const { stdout } = spawnSync('ps', ['-U', String(uid), '-o', 'stat='], { encoding: 'utf8' });
  signalAll('CONT');
  return linesOf(stdout).some((state) => !state.startsWith('Z'));
}

/** Runs a script as another user, and returns what it prints. */
export function asUser(uid: number, cwd: string, script: string, ...args: string[]): string {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  return execFileSync('bash', ['-euc', script, 'script', ...args], { uid, gid: uid, cwd, encoding: 'utf8', stdio });
}

export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
