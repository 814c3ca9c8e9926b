import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { outpostApp } from '../../lib/outpost-app.ts';

export const FUNCTIONS = [
  'api',
  'claim-slot',
  'reclaim-slot',
  'map-stop-reason',
  'collect-output',
  'record-outcome',
  'manage-pool',
  'settle',
  'track-ecs',
  'sweep',
  'replay',
] as const;

/** What a template holds, at any depth; what it really is, the assertion says. */
export interface Node {
  readonly [member: string]: Node | undefined;
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Node;
  readonly DeletionPolicy?: string;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** Something for each asset that the app asks for, so that these tests need no build. Returns how to remove it. */
export function placeholderAssets(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-assets-'));
  for (const name of FUNCTIONS) {
    mkdirSync(join(folder, 'lambdas', name), { recursive: true });
    writeFileSync(join(folder, 'lambdas', name, 'index.mjs'), `export const handler = () => '${name}';`);
  }
  mkdirSync(join(folder, 'worker'));
  writeFileSync(join(folder, 'worker', 'Dockerfile'), 'FROM scratch AS shell\n');
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** The elements of a list in the template. */
export function listOf(node: Node | undefined): readonly Node[] {
  if (!Array.isArray(node)) throw new Error(`${JSON.stringify(node)} is not a list`);
  return node;
}

/** The template that the app yields for this context, without CloudFormation's own rules: they take three seconds. `change` comes before the synthesis. */
export function synthesize(
  context: Readonly<Record<string, string>> = {},
  change: (stack: Stack) => void = () => undefined,
): Template {
  const assets = placeholderAssets();
  const outdir = mkdtempSync(join(tmpdir(), 'outpost-assembly-'));
  try {
    const { app, stack } = outpostApp({
      outdir,
      context: { assets: assets.folder, ...context },
      builtinCloudFormationValidation: false,
    });
    change(stack);
    return app.synth().getStackArtifact(stack.artifactId).template;
  } finally {
    assets.remove();
    rmSync(outdir, { recursive: true });
  }
}

let usual: Template | undefined;

/** The template of a deployment that asks for nothing special; made once for all files of tests that share a process. */
export function usualTemplate(): Template {
  usual ??= synthesize();
  return usual;
}

export function resourcesOf(template: Template, type: string): Resource[] {
  return Object.values(template.Resources).filter((resource) => resource.Type === type);
}

/** The one resource of a type whose property has this value. */
export function resourceNamed(template: Template, type: string, property: string, value: string): Resource {
  const found = resourcesOf(template, type).filter(({ Properties }) => flat(Properties[property]) === value);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} resources ${type} have ${property} = ${value}`);
  return found[0];
}

/**
 * A value with its intrinsic functions written out: `<Storagedispatches.Arn>`. The hash at the end of a logical id, by
 * which CDK keeps it unique, is left out.
 */
export function flat(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const intrinsic = value as Intrinsic;
  if (intrinsic.Ref) return `<${withoutHash(intrinsic.Ref)}>`;
  if (intrinsic['Fn::GetAtt']) {
    const [logicalId, attribute] = intrinsic['Fn::GetAtt'];
    return `<${withoutHash(logicalId)}.${attribute}>`;
  }
  if (intrinsic['Fn::Sub']) return intrinsic['Fn::Sub'].replace(/\$\{([^}]+)\}/g, '<$1>');
  if (intrinsic['Fn::Join']) return intrinsic['Fn::Join'][1].map(flat).join(intrinsic['Fn::Join'][0]);
  return JSON.stringify(value);
}

interface Intrinsic {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: readonly [logicalId: string, attribute: string];
  readonly 'Fn::Sub'?: string;
  readonly 'Fn::Join'?: readonly [delimiter: string, parts: readonly unknown[]];
}

function withoutHash(logicalId: string): string {
  return logicalId.startsWith('AWS::') ? logicalId : logicalId.replace(/[0-9A-F]{8}$/, '');
}
