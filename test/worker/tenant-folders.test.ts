import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentUser } from '../../worker/agent/agent-user.ts';
import { openTenantFolder } from '../../worker/persistent/tenant-folders.ts';
import { tenantUser } from '../../worker/persistent/tenant-user.ts';

const isRoot = process.getuid?.() === 0;
const userOf = (uid: number) => ({ name: `agent${uid}`, identity: { uid, gid: uid } });
const [ACME, GLOBEX] = [userOf(200_001), userOf(200_002)];

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'outpost-tenants-'));
  chmodSync(root, 0o755);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("a tenant's folder", () => {
  it('is made once, as whoever runs the worker where that is no root', async () => {
    const folders = [
      await openTenantFolder(root, 'acme', agentUser(undefined)),
      await openTenantFolder(root, 'acme', agentUser(undefined)),
    ];

    expect(folders[0]).toEqual(folders[1]);
    expect(folders[0]?.workspaces).toBe(join(root, 'users/acme/workspaces'));
    expect(statSync(join(root, 'users/acme')).mode & 0o777).toBe(0o700);
  });

  describe.runIf(isRoot)('where the worker is root', () => {
    it("is the tenant's, and closed to every other user, who cannot even list who is there", async () => {
      await Promise.all([1, 2, 3].map(() => openTenantFolder(root, 'acme', ACME)));
      await openTenantFolder(root, 'globex', GLOBEX);
      writeFileSync(join(root, 'users/acme/canary'), 'secret', { mode: 0o644 });

      const look = (user: typeof ACME, command: string) =>
        execFileSync('sh', ['-c', `${command} 2>&1 || true`], { ...user.identity, cwd: '/' }).toString('utf8');

      expect(statSync(join(root, 'users/acme'))).toMatchObject({ uid: ACME.identity.uid, gid: ACME.identity.gid });
      expect(look(ACME, `cat ${root}/users/acme/canary`)).toBe('secret');
      expect(look(GLOBEX, `cat ${root}/users/acme/canary`)).toContain('denied');
      expect(look(GLOBEX, `ls ${root}/users`)).toContain('denied');
      expect(look(GLOBEX, `mkdir ${root}/users/initech`)).toContain('denied');
    });

    it('is refused where it belongs to another user', async () => {
      await openTenantFolder(root, 'acme', GLOBEX);

      const opening = openTenantFolder(root, 'acme', ACME);

      await expect(opening).rejects.toThrow('belongs to the user 200002 and not to 200001');
    });

    it('is refused where its user has the folder of another tenant, as with a table that was begun anew', async () => {
      await openTenantFolder(root, 'globex', ACME);

      const opening = openTenantFolder(root, 'acme', ACME);

      await expect(opening).rejects.toThrow('owns the folder of globex as well');
      expect(statSync(join(root, 'users/acme')).uid).toBe(0);
    });

    it('is refused where it is no folder', async () => {
      mkdirSync(join(root, 'users'));
      writeFileSync(join(root, 'users/acme'), '');
      chownSync(join(root, 'users/acme'), 200_001, 200_001);

      await expect(openTenantFolder(root, 'acme', ACME)).rejects.toThrow(/EEXIST|no folder/);
    });
  });
});

describe("a tenant's user", () => {
  const store = { uidOf: async () => 200_042 };

  it('is the worker’s own where agents have no user of their own', async () => {
    const own = agentUser(undefined);

    expect(await tenantUser(own, 'acme', store, undefined)).toBe(own);
  });

  it('has a number of its own, and is named once where programs look for names', async () => {
    const passwd = join(root, 'passwd');
    writeFileSync(passwd, 'root:x:0:0:root:/root:/bin/bash\n');

    const users = [
      await tenantUser(userOf(1001), 'acme', store, passwd),
      await tenantUser(userOf(1001), 'acme', store, passwd),
    ];

    expect(users[0]).toEqual({ name: 'agent200042', identity: { uid: 200_042, gid: 200_042 } });
    expect(execFileSync('cat', [passwd]).toString('utf8').split('\n').slice(1)).toEqual([
      'agent200042:x:200042:200042::/nonexistent:/bin/bash',
      '',
    ]);
  });
});
