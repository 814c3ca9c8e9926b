import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isArchive } from '../../core/artifact-keys.ts';
import { CONTEXT_LEVELS } from '../../core/context-level.ts';
import { contextBlock } from '../../worker/context/context-block.ts';
import { withoutSecrets } from '../../worker/secrets/secret-rules.ts';
import { type GitServer, makeRepository, serveGit } from './git-in-test.ts';
import { PLANTED, PLANTED_FORMATS, type PlantedSecret } from './planted-secrets.ts';
import { openWorker, until, type WorkerInTest, type WorkerRun } from './worker-in-test.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-planted-'));
afterAll(() => rmSync(root, { recursive: true }));

function plantIn(folder: string, planted: readonly PlantedSecret[]): void {
  for (const { path, content } of planted) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Where in these bytes a secret is found, as it is or as JSON has it. */
function shownIn(text: string): string[] {
  return PLANTED.filter(({ secret }) =>
    [secret, JSON.stringify(secret).slice(1, -1)].some((form) => text.includes(form)),
  ).map(({ format, path }) => `${format}: ${path}`);
}

const COUNTS = PLANTED_FORMATS.map(
  (format) => `${PLANTED.filter((planted) => planted.format === format).length} in ${format}`,
);

describe(`secrets planted in a repository (${COUNTS.join(', ')})`, () => {
  it('are more than forty in more than twelve formats, each of its own', () => {
    expect(PLANTED.length).toBeGreaterThanOrEqual(40);
    expect(PLANTED_FORMATS.length).toBeGreaterThanOrEqual(12);
    expect(new Set(PLANTED.map(({ secret }) => secret)).size).toBe(PLANTED.length);
    expect(new Set(PLANTED.map(({ path }) => path)).size).toBe(PLANTED.length);
    expect(shownIn(PLANTED.map(({ content }) => content).join('\n'))).toHaveLength(PLANTED.length);
  });

  it.each(PLANTED)('are in no context block: $format, $path', ({ path, content, secret, format }) => {
    const workspace = mkdtempSync(join(root, 'one-'));
    plantIn(workspace, [{ path, content, secret, format }]);

    const blocks = CONTEXT_LEVELS.map((level) => contextBlock({ workspace, level }));

    for (const { text } of blocks) expect(text).not.toContain(secret);
    expect(blocks.at(-1)?.included.secrets.map((found) => found.path)).toContain(path);
  });

  it('are in no context block about all of them', () => {
    const workspace = mkdtempSync(join(root, 'all-'));
    plantIn(workspace, PLANTED);

    const blocks = CONTEXT_LEVELS.map((level) => contextBlock({ workspace, level }).text);

    expect(shownIn(blocks.join('\n'))).toEqual([]);
  });

  it('hide no more of a file than the lines that they are on', () => {
    const around = (content: string) => `first line\n${content.trimEnd()}\nlast line\n`;
    const shown = PLANTED.filter(({ format }) => format !== 'PEM' && format !== 'JSON');

    const kept = shown.map(({ content }) => withoutSecrets(around(content)).text);

    for (const text of kept) expect(text).toMatch(/^first line\n[\s\S]*\nlast line\n$/);
  });
});

describe('secrets planted in a workspace, and those that an agent is given', () => {
  const GIVEN = PLANTED.slice(0, 20);
  let worker: WorkerInTest;
  let github: GitServer;

  beforeAll(async () => {
    worker = await openWorker();
    const names = GIVEN.map((_, at) => `/outpost/users/acme/PLANTED_${at}`);
    worker.keepSecrets(Object.fromEntries(GIVEN.map(({ secret }, at) => [names[at], secret])));
    makeRepository(join(worker.folder, 'remotes', 'acme', 'rocket.git'), {
      'file.txt': 'one\n',
      '.gitignore': '/ignored/\n',
    });
    github = await serveGit(join(worker.folder, 'remotes'));
    plantIn(join(worker.folder, 'planted'), PLANTED);
  });
  afterAll(async () => {
    await github.close();
    await worker.close();
  });

  it('are not in the log, the patch, the manifest or the result; the archive has no file that is named to stay out', async () => {
    const task = `
      mkdir ignored left-out; cp -r '${worker.folder}/planted/.' ignored; cp -r '${worker.folder}/planted/.' left-out
      echo /left-out/ > .outpostignore; echo two >> file.txt
      for at in $(seq 0 ${GIVEN.length - 1}); do name="PLANTED_$at"; echo "$name is \${!name}"; echo "\${!name}" >&2; done
      cat ignored/.env; env | base64 -w 0`;
    const additionalSecrets = GIVEN.map((_, at) => `PLANTED_${at}`);
    const run = await worker.run(task, {
      spec: { repo: 'acme/rocket', additionalSecrets },
      environment: { GITHUB_URL: github.url },
    });

    const { exitCode, stdout } = await run.ended;
    const objects = ['output.log', 'changes.patch', 'manifest.json', 'result.json'];
    const texts = await Promise.all(objects.map(async (name) => (await run.object(name)).toString('utf8')));
    const folder = mkdtempSync(join(root, 'unpacked-'));
    execFileSync('tar', ['xzf', '-', '-C', folder], { input: await run.object('workspace.tar.gz') });

    expect(exitCode).toBe(0);
    expect(texts[0]?.match(/\[redacted:PLANTED_\d+\]/g)?.length).toBeGreaterThanOrEqual(2 * GIVEN.length);
    expect([stdout, ...texts].map(shownIn)).toEqual([[], [], [], [], []]);
    expect(texts[1]).toContain('+two');
    expect((await run.manifest()).skipped).toContainEqual({ path: 'left-out', reason: 'is named by .outpostignore' });
    // What git ignores is work, too: the archive is the workspace.
    const inArchive = execFileSync('grep', ['-rlF', PLANTED[0]?.secret ?? '', folder], { encoding: 'utf8' });
    expect(inArchive.trim()).toBe(join(folder, 'ignored', '.env'));
    expect(readFileSync(join(folder, 'file.txt'), 'utf8')).toBe('one\ntwo\n');
  });

  it('are in no checkpoint where they are named to stay out, and not in its log', async () => {
    const task = `
      echo /left-out/ > .outpostignore; mkdir left-out; cp -r '${worker.folder}/planted/.' left-out; echo x > kept
      for at in $(seq 0 ${GIVEN.length - 1}); do name="PLANTED_$at"; echo "$name is \${!name}"; done
      until [ -e go ]; do sleep 0.02; done`;
    const additionalSecrets = GIVEN.map((_, at) => `PLANTED_${at}`);
    const run = await worker.run(task, { spec: { additionalSecrets }, environment: { CHECKPOINT_SECONDS: '0.2' } });
    const last = `[redacted:PLANTED_${GIVEN.length - 1}]`;
    let saved: Checkpointed[] = [];

    await until(async () => {
      saved = await checkpointed(run);
      const isThere = (name: RegExp, text: string) =>
        saved.some((one) => name.test(one.name) && one.text.includes(text));
      return isThere(/output-/, last) && isThere(/workspace-/, 'kept') && isThere(/index/, 'kept');
    });
    writeFileSync(join(run.workspace, 'go'), '');
    const { exitCode } = await run.ended;

    expect(exitCode).toBe(0);
    expect(saved.flatMap(({ text }) => shownIn(text))).toEqual([]);
  });

  interface Checkpointed {
    readonly name: string;
    readonly text: string;
  }

  /** The objects of the checkpoints so far; one that a later checkpoint replaces may go while it is asked for. */
  async function checkpointed(run: WorkerRun): Promise<Checkpointed[]> {
    const names = (await run.objects()).filter((name) => name.startsWith('checkpoints/'));
    const found = await Promise.allSettled(names.map(async (name) => ({ name, bytes: await run.object(name) })));
    const there = found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    return there.map(({ name, bytes }) => ({
      name,
      text: (isArchive(name) ? gunzipSync(bytes) : bytes).toString('utf8'),
    }));
  }
});
