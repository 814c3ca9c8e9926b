import { z } from 'zod';

const Names = z.union([z.string(), z.array(z.string())]).transform((names) => [names].flat());

/** One entry of `Resources`. What only matters to an update or a deletion is read over. */
const Resource = z.strictObject({
  Type: z.string().min(1),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DependsOn: Names.default([]),
  Condition: z.string().optional(),
  Metadata: z.unknown().optional(),
  Description: z.string().optional(),
  DeletionPolicy: z.unknown().optional(),
  UpdateReplacePolicy: z.unknown().optional(),
  UpdatePolicy: z.unknown().optional(),
  CreationPolicy: z.unknown().optional(),
});

const Parameter = z.looseObject({ Type: z.string(), Default: z.union([z.string(), z.number()]).optional() });

const Output = z.looseObject({
  Value: z.unknown(),
  Condition: z.string().optional(),
  Export: z.strictObject({ Name: z.unknown() }).optional(),
});

/** A CloudFormation template, as CDK synthesizes it; sections that it leaves out are empty. */
const TemplateSchema = z.strictObject({
  AWSTemplateFormatVersion: z.string().optional(),
  Description: z.string().optional(),
  Metadata: z.unknown().optional(),
  Transform: z.literal('AWS::LanguageExtensions').optional(),
  Parameters: z.record(z.string(), Parameter).default({}),
  Mappings: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))).default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Rules: z.record(z.string(), z.unknown()).default({}),
  Resources: z.record(z.string(), Resource),
  Outputs: z.record(z.string(), Output).default({}),
});

export type Template = z.infer<typeof TemplateSchema>;
export type TemplateEntry = z.infer<typeof Resource>;

/** One thing that is wrong with a template, and where. */
export interface TemplateFault {
  /** The resource that holds the fault; absent where the fault lies in another section. */
  readonly logicalId?: string;
  readonly type?: string;
  /** Where in the resource, or in the template, e.g. `Properties.Environment.Variables.TABLE`. */
  readonly path: string;
  readonly problem: string;
}

/** A template that the embedded AWS can't boot: all that is wrong with it, one line each. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';

  constructor(
    readonly faults: readonly TemplateFault[],
    options?: ErrorOptions,
  ) {
    super(faults.map(faultLine).join('\n'), options);
  }
}

/** @throws TemplateError where the text isn't shaped as a template is */
export function parseTemplate(document: unknown): Template {
  const parsed = TemplateSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new TemplateError(parsed.error.issues.map((issue) => shapeFault(issue, document)));
}

function shapeFault(issue: z.core.$ZodIssue, document: unknown): TemplateFault {
  const [section, logicalId, ...rest] = issue.path.map(String);
  if (section !== 'Resources' || logicalId === undefined) {
    return { path: issue.path.map(String).join('.') || 'the template', problem: issue.message };
  }
  const type = declaredType(document, logicalId);
  return {
    logicalId,
    ...(type === undefined ? {} : { type }),
    path: rest.join('.') || 'the resource',
    problem: issue.message,
  };
}

function declaredType(document: unknown, logicalId: string): string | undefined {
  const found = z.object({ Resources: z.record(z.string(), z.unknown()) }).safeParse(document);
  const entry = z.object({ Type: z.string() }).safeParse(found.data?.Resources[logicalId]);
  return entry.data?.Type;
}

function faultLine({ logicalId, type, path, problem }: TemplateFault): string {
  if (logicalId === undefined) return `${path}: ${problem}`;
  return `${logicalId} (${type ?? 'no type'}), ${path}: ${problem}`;
}
