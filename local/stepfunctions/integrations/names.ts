import type { Member, StructureShape } from './shape.ts';

/** Optimized integrations speak for the Java SDK 1, `aws-sdk:` ones for the Java SDK 2. */
export type Style = 'optimized' | 'sdk';

/** How the Java SDK 2 names members of DynamoDB's AttributeValue that would clash with Java or its conventions. */
const ATTRIBUTE_VALUE_NAMES: Readonly<Record<string, string>> = {
  BOOL: 'Bool',
  NULL: 'Nul',
  SS: 'Ss',
  NS: 'Ns',
  BS: 'Bs',
};

/** The name of a member in a state's Arguments and results: `taskDefinition` is `TaskDefinition`. */
export function stepFunctionsName(member: Member, structure: StructureShape, style: Style): string {
  if (style === 'sdk' && structure.name === 'AttributeValue') {
    return ATTRIBUTE_VALUE_NAMES[member.name] ?? member.name;
  }
  return pascalCase(member.name);
}

/** The member that an argument names; both spellings of AttributeValue's members are taken. */
export function memberNamed(name: string, structure: StructureShape): Member | undefined {
  const exact = structure.members.get(name);
  if (exact && pascalCase(name) === name) return exact;
  for (const member of structure.members.values()) {
    if (pascalCase(member.name) === name) return member;
    if (structure.name === 'AttributeValue' && ATTRIBUTE_VALUE_NAMES[member.name] === name) return member;
  }
  return undefined;
}

export function pascalCase(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
