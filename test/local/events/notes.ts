import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AwsService } from '../../../local/aws-service.ts';
import { type Embedded, functionProperties, writeCode } from '../lambda/embedded.ts';

const SOURCE = `
import { appendFileSync } from 'node:fs';
export const handler = async (event) => appendFileSync(process.env.SEEN_FILE, event.detail.n + '\\n');`;

/** A function that notes down `n` of each event, the rule that feeds it and the permission for that. */
export async function createNotes(embedded: Embedded, lambda: AwsService, events: AwsService): Promise<void> {
  const Environment = { Variables: { SEEN_FILE: join(embedded.folder, 'seen') } };
  const properties = functionProperties(writeCode(embedded.folder, 'Notes', SOURCE), { Environment });
  const { ref, attributes } = await embedded.create(lambda, 'AWS::Lambda::Function', 'Notes', properties);
  const permission = { Action: 'lambda:InvokeFunction', FunctionName: ref, Principal: 'events.amazonaws.com' };
  await embedded.create(lambda, 'AWS::Lambda::Permission', 'Permission', permission);
  await embedded.create(events, 'AWS::Events::Rule', 'Rule', {
    EventPattern: { source: ['test'] },
    Targets: [{ Id: 'Target0', Arn: attributes?.['Arn'] }],
  });
}

/** The numbers that the function has noted down, each once. */
export function noted(folder: string): Set<number> {
  const file = join(folder, 'seen');
  return new Set(existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []);
}
