import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultInjection, startFaultInjection } from '../../../local/faults/fault-injection.ts';
import type { FaultSettings } from '../../../local/faults/fault-settings.ts';

export const OPERATOR_ROLE = 'arn:aws:iam::000000000000:role/operator';

export type JournalLine = Readonly<Record<string, unknown>>;

/** Faults that may happen from now on, and the journals that they leave in a data folder. */
export interface Injected extends FaultInjection {
  faults(): JournalLine[];
  calls(): JournalLine[];
}

export async function inject(
  dataFolder: string,
  rates: FaultSettings['rates'],
  more: Partial<FaultSettings> = {},
): Promise<Injected> {
  const folder = join(dataFolder, 'faults');
  mkdirSync(folder, { recursive: true });
  const injection = await startFaultInjection({ seed: 1, rates, ...more }, { folder, operatorRole: OPERATOR_ROLE });
  injection.arm();
  return {
    ...injection,
    faults: () => linesOf(join(folder, 'faults.jsonl')),
    calls: () => linesOf(join(folder, 'calls.jsonl')),
  };
}

function linesOf(file: string): JournalLine[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as JournalLine);
}
