import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalAws } from '../../../local/aws-service.ts';
import { createEfs, type EfsOptions, type EfsService } from '../../../local/efs/efs-service.ts';

const ROLE = 'arn:aws:iam::000000000000:role/workspaces';
const ALL = ['ClientMount', 'ClientWrite', 'ClientRootAccess'].map((name) => `elasticfilesystem:${name}`);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-efs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function localAws(): LocalAws {
  return {
    region: 'us-east-1',
    accountId: '000000000000',
    folder: (service) => {
      mkdirSync(join(folder, service), { recursive: true });
      return join(folder, service);
    },
    endpoint: () => '',
    credentials: () => ({ accessKeyId: '', secretAccessKey: '' }),
    publish: () => {},
    onEvent: () => () => {},
    log: () => {},
  };
}

/** A file system with one mount target, and roles that may do this by their own policies. */
async function aFileSystem(
  allowed: readonly string[],
  properties: object = {},
): Promise<{ efs: EfsService; id: string }> {
  const verdictOf: EfsOptions['verdictOf'] = (_, { action }) => (allowed.includes(action) ? 'Allow' : undefined);
  const efs = await createEfs(localAws(), { verdictOf });
  const { ref } = await create(efs, 'AWS::EFS::FileSystem', 'Files', properties);
  await create(efs, 'AWS::EFS::MountTarget', 'Target', { FileSystemId: ref, SecurityGroups: ['sg-1'], SubnetId: 'a' });
  return { efs, id: ref };
}

async function create({ resources }: EfsService, type: string, logicalId: string, properties: object) {
  const creator = resources[type];
  if (creator === undefined) throw new Error(`No creator for ${type}`);
  return await creator({ logicalId, type, properties: { ...properties } });
}

function policy(Effect: string, Action: readonly string[], more: object = {}): object {
  return {
    FileSystemPolicy: { Version: '2012-10-17', Statement: [{ Effect, Principal: { AWS: ROLE }, Action, ...more }] },
  };
}

describe('a file system', () => {
  it('is a folder that keeps what is in it over restarts', async () => {
    const first = await aFileSystem(ALL);
    const path = first.efs.mount(first.id, ROLE);
    writeFileSync(join(path, 'file'), 'x');

    const again = await aFileSystem(ALL);

    expect(again.efs.mount(again.id, ROLE)).toBe(path);
    expect(path).toBe(join(folder, 'efs', first.id));
    expect(statSync(join(path, 'file')).size).toBe(1);
  });

  it('has the values that CloudFormation gives', async () => {
    const { efs, id } = await aFileSystem(ALL);

    const system = await create(efs, 'AWS::EFS::FileSystem', 'Files', {});
    const target = await create(efs, 'AWS::EFS::MountTarget', 'Other', {
      FileSystemId: id,
      SecurityGroups: ['s'],
      SubnetId: 'b',
    });

    expect(system.ref).toMatch(/^fs-[0-9a-f]{17}$/);
    expect(system.attributes).toEqual({
      FileSystemId: id,
      Arn: `arn:aws:elasticfilesystem:us-east-1:000000000000:file-system/${id}`,
    });
    expect(target.ref).toMatch(/^fsmt-[0-9a-f]{17}$/);
  });

  it.each([
    ['by its own policies', ALL, {}, true],
    ['by the policy of the file system', [], policy('Allow', ALL), true],
    [
      'by the policy of the file system, as whoever comes by a mount target',
      [],
      policy('Allow', ALL, { Condition: { Bool: { 'elasticfilesystem:AccessedViaMountTarget': 'true' } } }),
      true,
    ],
    ['by none', [], {}, false],
    ['without writing', ['elasticfilesystem:ClientMount'], {}, false],
    ['without root', ALL.slice(0, 2), {}, false],
    ['though the policy of the file system denies it', ALL, policy('Deny', ['*']), false],
    [
      'where nobody may come without TLS',
      ALL,
      policy('Deny', ['*'], { Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      true,
    ],
  ])('is mounted for a role that may: %s', async (_, allowed, properties, expected) => {
    const { efs, id } = await aFileSystem(allowed, properties);

    const mount = () => efs.mount(id, ROLE);

    if (expected) expect(mount()).toContain(id);
    else expect(mount).toThrow('access denied');
  });

  it('is not found without a mount target, or where there is none', async () => {
    const efs = await createEfs(localAws(), { verdictOf: () => 'Allow' });
    const { ref } = await create(efs, 'AWS::EFS::FileSystem', 'Alone', {});

    expect(() => efs.mount(ref, ROLE)).toThrow('no mount target');
    expect(() => efs.mount('fs-0', ROLE)).toThrow('fs-0');
  });

  it.each([
    [
      'a property that it does not know',
      'AWS::EFS::FileSystem',
      { ReplicationConfiguration: {} },
      'ReplicationConfiguration',
    ],
    [
      'a policy that it does not understand',
      'AWS::EFS::FileSystem',
      { FileSystemPolicy: { Statement: [{ Effect: 'Maybe' }] } },
      'FileSystemPolicy',
    ],
    [
      'a mount target of no file system',
      'AWS::EFS::MountTarget',
      { FileSystemId: 'fs-0', SecurityGroups: ['s'], SubnetId: 'a' },
      'fs-0',
    ],
  ])('is refused with %s', async (_, type, properties, words) => {
    const efs = await createEfs(localAws(), { verdictOf: () => 'Allow' });

    await expect(create(efs, type, 'Refused', properties)).rejects.toThrow(words);
  });
});
