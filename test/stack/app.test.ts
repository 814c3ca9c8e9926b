import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { placeholderAssets, resourcesOf, synthesize, type Template, usualTemplate } from './synthesize.ts';

const run = promisify(execFile);
const assets = placeholderAssets();
const outdir = mkdtempSync(join(tmpdir(), 'outpost-app-'));
afterAll(() => {
  assets.remove();
  rmSync(outdir, { recursive: true });
});

describe('the app', () => {
  it('yields the same template wherever it runs, with neither another program nor an account at hand', async () => {
    const here = usualTemplate();

    await run(process.execPath, ['--import', 'tsx', 'lib/app.ts'], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: {
        PATH: '/nonexistent',
        CDK_OUTDIR: outdir,
        CDK_VALIDATION: 'false',
        CDK_CONTEXT_JSON: JSON.stringify({ assets: assets.folder }),
      },
    });

    const there = readFileSync(join(outdir, 'outpost.template.json'), 'utf8');
    expect(there).toBe(JSON.stringify(here, undefined, 1));
  });

  it('says which settings are not allowed, all of them', () => {
    expect(() => synthesize({ prefix: 'Outpost', removal: 'maybe' })).toThrow(
      /-c prefix: must be lower-case.*\n-c removal: must be 'retain' or 'destroy'/,
    );
  });

  it.each(['', 'a--b', '-a', 'a-', '1a', 'a_b', 'a'.repeat(25), 'aws.x'])('refuses the prefix `%s`', (prefix) => {
    expect(() => synthesize({ prefix })).toThrow(/-c prefix/);
  });

  it('fails on a finding of cdk-nag that nobody has given a reason for', () => {
    const careless = () => synthesize({}, (stack) => new Bucket(stack, 'Careless'));

    expect(careless).toThrow(/outpost\/Careless\/Resource.*\n.*AwsSolutions-S1'/);
  });

  it('lets data go with the stack where that is asked for', () => {
    const template = synthesize({ removal: 'destroy' });

    const kept = Object.values(template.Resources).filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain');

    expect(kept).toEqual([]);
    for (const { Properties } of resourcesOf(template, 'AWS::DynamoDB::Table')) {
      expect(Properties.DeletionProtectionEnabled).toBe(false);
    }
  });
});

describe('the names of resources', () => {
  const prefix = 'a-prefix-of-24-letters-x';
  const names = namesOf(synthesize({ prefix }));

  it('all carry the prefix', () => {
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter(({ name }) => !name.includes(prefix) && name !== '$default')).toEqual([]);
    expect(names.filter(({ name }) => name.includes('outpost'))).toEqual([]);
  });

  it.each([
    ['BucketName', 63],
    ['FunctionName', 64],
    ['ArchiveName', 48],
    ['StateMachineName', 80],
    ['Name', 64],
    ['TableName', 255],
    ['QueueName', 80],
    ['AlarmName', 255],
    ['Family', 255],
  ])('fit into what AWS allows a %s: %i characters', (property, limit) => {
    const lengths = names.filter((name) => name.property === property).map(({ name }) => name.length);

    expect(lengths.length).toBeGreaterThan(0);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(limit);
  });
});

const NOT_A_NAME_OF_ITS_OWN = ['PolicyName', 'ServiceName', 'MetricName'];

/** Every name that the template gives, with the longest region in it. What refers to another resource gives none. */
function namesOf({ Resources }: Template): { property: string; name: string }[] {
  return Object.values(Resources)
    .flatMap(({ Properties }) => Object.entries(Properties))
    .filter(([property]) => /^(\w+Name|Name|Family)$/.test(property) && !NOT_A_NAME_OF_ITS_OWN.includes(property))
    .map(([property, value]) => ({ property, name: deployed(value) }))
    .filter(({ name }) => name !== '');
}

function deployed(value: unknown): string {
  if (typeof value === 'string') return value;
  const parts = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join']?.[1] ?? [];
  const known: Record<string, string> = { 'AWS::AccountId': '0'.repeat(12), 'AWS::Region': 'ap-southeast-1' };
  return parts.map((part) => (typeof part === 'string' ? part : (known[(part as { Ref: string }).Ref] ?? ''))).join('');
}
