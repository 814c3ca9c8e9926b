import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'faults';
const LOOK_AGAIN_MS = 100;

/** The variable that names the file with how far a function's clocks are ahead. */
export const LEAD_FILE_VARIABLE = 'EMBEDDED_AWS_CLOCK_LEAD_FILE';

/**
 * Puts the clocks of all threads of a function ahead of the time, those that run too, whoever's process it is: what waits
 * until something is old enough need not wait. 0 puts them right again.
 * @param ms up to 15 minutes: AWS refuses requests that are signed with a time further away
 */
export function setClockLead(dataFolder: string, functionName: string, ms: number): void {
  mkdirSync(join(dataFolder, FOLDER), { recursive: true });
  const file = leadFile(join(dataFolder, FOLDER), functionName);
  writeFileSync(`${file}.part`, String(ms));
  renameSync(`${file}.part`, file);
}

/** @param folder the folder of the faults */
export function leadFile(folder: string, functionName: string): string {
  return join(folder, `clock-lead-${functionName}`);
}

/** How many milliseconds the file says; it is looked at ten times a second at the most. */
export function followLead(file: string, now: () => number): () => number {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let lead = 0;
  return () => {
    if (now() - lookedAt < LOOK_AGAIN_MS) return lead;
    lookedAt = now();
    lead = readLead(file);
    return lead;
  };
}

function readLead(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
