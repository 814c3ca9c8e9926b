import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeRooms } from '../../worker/agent/agent-rooms.ts';
import { agentUser } from '../../worker/agent/agent-user.ts';
import { fetchIntoWorkspace } from '../../worker/persistent/fetch-into-workspace.ts';
import { type GitServer, makeRepository, serveGit } from './git-in-test.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-in-time-'));
const user = agentUser(undefined);
let server: GitServer;

beforeAll(async () => {
  makeRepository(join(root, 'remotes', 'acme', 'rocket.git'), { 'README.md': '# Rocket\n' });
  server = await serveGit(join(root, 'remotes'));
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

it('fetches into a persistent workspace within what is left of the dispatch when each step begins', async () => {
  const rooms = await makeRooms(join(root, 'workspace'), user);
  const left = [30_000, 300];
  const never = { file: process.execPath, args: ['-e', 'setInterval(() => {}, 1_000)', '--'] };
  const begunAt = performance.now();

  const fetching = fetchIntoWorkspace({
    ...{ name: 'acme/rocket', program: never, user, rooms, making: join(root, 'making') },
    remote: {
      ...{ repo: 'acme/rocket', githubUrl: server.url, protocols: ['http'], home: rooms.base, user },
      remainingMs: () => left.shift() ?? 0,
      stop: new AbortController().signal,
      redact: (text) => text,
      say: () => {},
    },
  });

  await expect(fetching).rejects.toMatchObject({
    why: 'timeout',
    message: 'The workspace acme/rocket could not be prepared in time.',
  });
  expect(performance.now() - begunAt).toBeLessThan(25_000);
  rmSync(rooms.base, { recursive: true });
});
